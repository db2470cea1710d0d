// The set-up of a tune: what can be tried, what it is compared with, and where its steps are kept.
#include <fmt/format.h>

#include "autotune/error.hpp"
#include "tuner/journal_header.hpp"
#include "tuner/tuner.hpp"

namespace autotune {
namespace {

/// The arm that everything is compared with: FP32 as the model was loaded.
Arm plain_fp32(const std::vector<Arm>& arms) {
  for (const Layout layout : {Layout::plain, Layout::compiled}) {
    for (const Arm& arm : arms) {
      if (arm.precision == Precision::fp32 && arm.layout == layout) return arm;
    }
  }
  return {};
}

}  // namespace

void Tuner::set_up() {
  description_ = workload_.describe();
  warnings_ = description_.warnings;
  if (effort_ != options_.effort) {
    warnings_.push_back(fmt::format("{:.0f} s cannot hold the windows of effort {}: {} is used.",
                                    budget_seconds_, to_string(options_.effort),
                                    to_string(effort_)));
  }
  choose_arms();
  choose_baselines();
  open_journal();
  runner_ = std::make_unique<Runner>(workload_, meters_,
                                     MeasureOptions::for_effort(effort_, options_.meter_facts),
                                     description_, options_.watch, &clock_);
  steps_ =
      std::make_unique<Steps>(*runner_, spend_, clock_, journal_ ? &*journal_ : nullptr, options_);
  runner_->on_rejected(
      [&](const Config& config, const Window& window) { steps_->tell_rejected(config, window); });
}

void Tuner::choose_arms() {
  arms_ = arms_to_try(description_, options_);
  if (options_.max_batch < description_.min_batch) {
    throw Error(ErrorCode::constraints,
                fmt::format("the model takes batches from {} on, the range ends at {}. Give "
                            "--batch {}:{}.",
                            description_.min_batch, options_.max_batch, description_.min_batch,
                            std::max(description_.min_batch, description_.max_batch)));
  }
  if (description_.max_batch > 0 && options_.min_batch > description_.max_batch) {
    throw Error(ErrorCode::constraints,
                fmt::format("the model takes batches up to {}, the range starts at {}. Give "
                            "--batch 1:{}.",
                            description_.max_batch, options_.min_batch, description_.max_batch));
  }
}

void Tuner::choose_baselines() {
  fp32_smallest_batch_ = {description_.min_batch, plain_fp32(description_.arms)};
  incumbent_ = options_.baseline.value_or(fp32_smallest_batch_);
  // In a variant set everything is compiled: who names a baseline need not say so.
  if (fp32_smallest_batch_.arm.layout == Layout::compiled &&
      incumbent_.arm.layout == Layout::plain) {
    incumbent_.arm.layout = Layout::compiled;
  }
  // Compared like for like: in the heap that the arms run in, unless the user names another.
  if (fp32_smallest_batch_.arm.execution.retained_heap) {
    incumbent_.arm.execution.retained_heap = true;
  }
}

// A resumed tune looks where the first one was told to look, whatever profiles have come since.
void Tuner::open_journal() {
  const auto look_up_earlier = [&] {
    if (options_.earlier_trials) earlier_trials_ = options_.earlier_trials(description_.id);
  };
  if (options_.journals.empty()) {
    look_up_earlier();
    return spend_.note();
  }
  Json header = journal_header(description_, options_, effort_, meters_.front()->info());
  if (options_.resume) {
    journal_ = Journal::resume(options_.journals, header, warnings_);
    const Json& begun = journal_->header();
    earlier_trials_ = begun.at("earlier_trials").get<std::vector<Trial>>();
    spend_.restore(begun.at("spent").at("seconds").get<double>(),
                   begun.at("spent").at("joules").get<double>());
    return;
  }
  look_up_earlier();
  spend_.note();
  header["earlier_trials"] = earlier_trials_;
  header["spent"] = {{"seconds", spend_.seconds()}, {"joules", spend_.joules()}};
  try {
    journal_ = Journal::begin(options_.journals, header);
  } catch (const Error& error) {
    warnings_.push_back(
        fmt::format("no journal is kept, so that this tune cannot be resumed: {}", error.what()));
  }
}

}  // namespace autotune
