#include "tuner/tuner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "autotune/comparison.hpp"
#include "autotune/error.hpp"
#include "tuner/conclusion.hpp"
#include "tuner/confirmation.hpp"

namespace autotune {
namespace {

// Shares of the time budget; arms outside the accuracy limits get at most a quarter
// (docs/architecture.md).
constexpr double lossy_share = 0.25;
constexpr double survey_ends_at = 0.4;
constexpr double curve_share = 0.12;

constexpr double most_soak_seconds = 60;
constexpr double soak_share = 0.1;

bool wanted(const Arm& arm, const TuneOptions& options) {
  const auto listed = [](const auto& list, auto value) {
    return list.empty() || std::ranges::find(list, value) != list.end();
  };
  return listed(options.precisions, arm.precision) && listed(options.layouts, arm.layout);
}

}  // namespace

Tuner::Tuner(Workload& workload, const std::vector<std::unique_ptr<EnergyMeter>>& meters,
             Clock& clock, const TuneOptions& options)
    : workload_(workload),
      clock_(clock),
      options_(options),
      spend_(clock, *meters.at(0), options.started.value_or(clock.now())),
      budget_seconds_(options.budget.seconds_for(options.effort)),
      effort_(affordable(options.effort, budget_seconds_)),
      meters_(meters) {}

TuneResult Tuner::run() {
  describe();
  soak();
  measure_baselines();
  survey_arms();
  const double lossy_seconds = survey_.lossy.empty() ? 0 : lossy_share * budget_seconds_;
  promising_ = search(survey_.accepted, [&] {
    return search_ends_at() - lossy_seconds - curve_share * budget_seconds_;
  });
  measure_curve([&] { return search_ends_at() - lossy_seconds; });
  static_cast<void>(search(survey_.lossy, [&] { return search_ends_at(); }));
  race_finalists();
  confirm_accuracy();
  confirm_saving();
  return conclude();
}

void Tuner::describe() {
  description_ = workload_.describe();
  warnings_ = description_.warnings;
  if (options_.earlier_trials) earlier_trials_ = options_.earlier_trials(description_.id);
  if (effort_ != options_.effort) {
    warnings_.push_back(fmt::format("{:.0f} s cannot hold the windows of effort {}: {} is used.",
                                    budget_seconds_, to_string(options_.effort),
                                    to_string(effort_)));
  }
  runner_ = std::make_unique<Runner>(workload_, meters_,
                                     MeasureOptions::for_effort(effort_, options_.meter_facts),
                                     description_, options_.watch, &clock_);
  std::ranges::copy_if(description_.arms, std::back_inserter(arms_),
                       [&](const Arm& arm) { return wanted(arm, options_); });
  if (arms_.empty()) {
    std::string reasons;
    for (const UnsupportedArm& arm : description_.unsupported) {
      reasons +=
          fmt::format("\n {} {}: {}", to_string(arm.precision), to_string(arm.layout), arm.reason);
    }
    throw Error(ErrorCode::constraints,
                "none of the named precisions and layouts can run here." + reasons);
  }
  if (description_.max_batch > 0 && options_.min_batch > description_.max_batch) {
    throw Error(ErrorCode::constraints,
                fmt::format("the model takes batches up to {}, the range starts at {}. Give "
                            "--batch 1:{}.",
                            description_.max_batch, options_.min_batch, description_.max_batch));
  }
  const auto with = [&](Layout layout) {
    return std::ranges::find_if(description_.arms, [&](const Arm& arm) {
      return arm.precision == Precision::fp32 && arm.layout == layout;
    });
  };
  const auto plain = with(Layout::plain);
  const auto fp32 = plain == description_.arms.end() ? with(Layout::compiled) : plain;
  fp32_batch_1_ = {1, fp32 == description_.arms.end() ? Arm{} : *fp32};
  incumbent_ = options_.baseline.value_or(fp32_batch_1_);
  // In a variant set everything is compiled: who names a baseline need not say so.
  if (fp32_batch_1_.arm.layout == Layout::compiled && incumbent_.arm.layout == Layout::plain) {
    incumbent_.arm.layout = Layout::compiled;
  }
  // Compared like for like: in the heap that the arms run in, unless the user names another.
  if (fp32_batch_1_.arm.execution.retained_heap) {
    incumbent_.arm.execution.retained_heap = true;
  }
}

void Tuner::soak() {
  if (effort_ == Effort::quick) return;
  runner_->soak(incumbent_, std::min(most_soak_seconds, soak_share * budget_seconds_));
}

void Tuner::measure_baselines() {
  for (const Config& config : {incumbent_, fp32_batch_1_}) {
    if (book_.find(config) || stopped()) continue;
    const Outcome outcome = measure(config);
    baseline_outcomes_.emplace_back(config, outcome);
    if (outcome.status == TrialStatus::ok) continue;
    complete_ = false;
    warnings_.push_back(
        fmt::format("{} could not be measured: {}", to_string(config), book_.find(config)->reason));
  }
}

void Tuner::survey_arms() {
  survey_ = survey(arms_, *runner_, book_, options_.constraints,
                   [&] { return may_spend(survey_ends_at * budget_seconds_); });
  spend_.note();
  configurations_ = space_of(survey_.accepted).size() + space_of(survey_.lossy).size();
  if (survey_.complete) return;
  complete_ = false;
  warnings_.push_back(
      fmt::format("the budget of {:.0f} s ended before every arm was checked.", budget_seconds_));
}

void Tuner::confirm_accuracy() {
  if (race_rounds_ == 0 || stopped()) return;
  while (true) {
    const std::vector<Trial> best = ranked();
    if (best.empty() || best.front().config.arm.precision == Precision::fp32) return;
    const Config config = best.front().config;
    const Prepared prepared = runner_->check(config.arm, config.batch);
    if (prepared.status != TrialStatus::ok) {
      book_.add_failure(config, prepared.status, prepared.reason);
      continue;
    }
    const bool accepted = options_.constraints.accepts(prepared.accuracy);
    book_.set_accuracy(config, prepared.accuracy, accepted,
                       inaccuracy(prepared.accuracy, options_.constraints));
    if (accepted) return;
  }
}

// In service a configuration runs at its own temperature, not at the race's common one.
void Tuner::confirm_saving() {
  const std::vector<Trial> best = ranked();
  if (effort_ != Effort::full || best.empty() || best.front().config == incumbent_) return;
  confirmed_saving_ = confirm(*runner_, best.front().config, incumbent_, {},
                              [&] { return may_spend(budget_seconds_); });
  spend_.note();
  if (confirmed_saving_) return;
  complete_ = false;
  warnings_.push_back("the saving was not confirmed at steady temperature: the budget ended.");
}

TuneResult Tuner::conclude() {
  spend_.note();
  const std::vector<Trial> best = ranked();
  if (best.empty()) {
    throw Error(ErrorCode::constraints, closest_miss(book_.trials(), options_.constraints));
  }
  TuneResult result;
  result.workload = description_;
  result.workload.unsupported.insert(result.workload.unsupported.end(), survey_.unsupported.begin(),
                                     survey_.unsupported.end());
  result.device = options_.device;
  result.key = options_.device.key;
  result.key.conditions.insert(description_.conditions.begin(), description_.conditions.end());
  result.meter = meters_.front()->info();
  result.effort = effort_;
  result.constraints = options_.constraints;
  result.seed = options_.seed;
  result.searcher =
      options_.searcher.empty() ? std::string(searchers().front().name) : options_.searcher;
  result.search_ended = search_ended_;
  result.search_seconds = search_seconds_;
  result.best = best.front();
  result.lossy_best = lossy_best(best.front());
  result.baselines = baselines(best.front());
  result.ties = ties(best, standings_ ? &*standings_ : nullptr);
  result.trials = book_.trials();
  result.spent = {spend_.seconds(), spend_.joules(), book_.size()};
  result.complete = complete_ && !stopped();
  result.warnings = warnings_;
  for (std::string& warning : disturbance_warnings(result.trials)) {
    result.warnings.push_back(std::move(warning));
  }
  const auto incumbent = book_.find(incumbent_);
  if (incumbent && incumbent->measurement && incumbent->measurement->joules_per_unit) {
    const double saved =
        *incumbent->measurement->joules_per_unit - *best.front().measurement->joules_per_unit;
    if (saved > 0) result.pays_back_after_units = result.spent.joules / saved;
  }
  return result;
}

std::vector<Trial> Tuner::ranked() const {
  std::vector<Trial> trials = book_.trials();
  // Once finalists have raced the answer is one of them: a single window of the search that beats
  // their rounds is more likely luck than merit.
  if (race_rounds_ >= min_race_rounds) {
    std::erase_if(trials, [&](const Trial& trial) {
      return book_.race_windows(trial.config).size() < min_race_rounds;
    });
  }
  return ranking(trials, options_.constraints);
}

std::optional<Trial> Tuner::lossy_best(const Trial& best) const {
  std::vector<Trial> lossy;
  for (Trial trial : book_.trials()) {
    if (trial.status != TrialStatus::inaccurate || !trial.measurement) continue;
    trial.status = TrialStatus::ok;
    if (eligible(trial, options_.constraints)) lossy.push_back(trial);
  }
  lossy = ranking(lossy, options_.constraints);
  if (lossy.empty() ||
      *lossy.front().measurement->joules_per_unit >= *best.measurement->joules_per_unit) {
    return std::nullopt;
  }
  return book_.find(lossy.front().config);
}

std::vector<Baseline> Tuner::baselines(const Trial& best) const {
  std::vector<Baseline> made;
  const auto add = [&](std::string name, const std::optional<Trial>& trial) {
    if (trial && trial->measurement && trial->measurement->joules_per_unit) {
      made.push_back(
          make_baseline(std::move(name), *trial, best, standings_ ? &*standings_ : nullptr));
      if (confirmed_saving_ && trial->config == incumbent_)
        set_saving(made.back(), *confirmed_saving_);
    }
  };
  if (options_.baseline) add("incumbent", book_.find(incumbent_));
  add("fp32_batch_1", book_.find(fp32_batch_1_));
  const auto trials = book_.trials();
  add("fastest", fastest(trials));
  add("largest_batch", largest_batch(trials));
  return made;
}

bool Tuner::may_spend(double until_seconds) const {
  return !stopped() && spend_.seconds() < until_seconds && spend_.joules() < options_.budget.joules;
}

bool Tuner::stopped() const { return options_.stop_requested && options_.stop_requested(); }

void Tuner::report(const Config& config) const {
  if (!options_.on_progress) return;
  const std::vector<Trial> best = ranked();
  options_.on_progress({.trials = book_.size(),
                        .configurations = configurations_,
                        .seconds = spend_.seconds(),
                        .budget_seconds = budget_seconds_,
                        .best = best.empty() ? std::nullopt : std::optional(best.front()),
                        .activity = to_string(config)});
}

TuneResult tune(Workload& workload, const std::vector<std::unique_ptr<EnergyMeter>>& meters,
                Clock& clock, const TuneOptions& options) {
  return Tuner(workload, meters, clock, options).run();
}

}  // namespace autotune
