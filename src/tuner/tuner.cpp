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

// What an arm outside the accuracy limits would save is shown, not claimed: about its best batch
// does.
constexpr int lossy_windows = 8;

// Shares of the time budget; arms outside the accuracy limits get at most a quarter
// (docs/architecture.md).
constexpr double lossy_share = 0.25;
constexpr double survey_ends_at = 0.4;
constexpr double curve_share = 0.12;

// A window with its warm-up, over the window: what the search is told that a baseline cost.
constexpr double baseline_cost_factor = 1.5;

constexpr double most_soak_seconds = 60;
constexpr double soak_share = 0.1;  // Of both budgets, at the power limit.

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
  set_up();
  soak();
  measure_baselines();
  survey_arms();
  const int lossy = lossy_windows * static_cast<int>(survey_.lossy.size());
  const auto lossy_seconds = [&] {
    return std::min(lossy * median_step_seconds(), lossy_share * budget_seconds_);
  };
  promising_ = search(survey_.accepted, [&] {
    return search_ends_at() - lossy_seconds() - curve_share * budget_seconds_;
  });
  measure_curve([&] { return search_ends_at() - lossy_seconds(); });
  static_cast<void>(search(
      survey_.lossy, [&] { return search_ends_at(); }, lossy));
  race_finalists();
  confirm_accuracy();
  confirm_saving();
  return conclude();
}

void Tuner::soak() {
  if (effort_ == Effort::quick) return;
  double seconds = std::min(most_soak_seconds, soak_share * budget_seconds_);
  const auto most_watts = meters_.front()->info().most_watts;
  if (options_.budget.joules && most_watts) {
    seconds = std::min(seconds, soak_share * *options_.budget.joules / *most_watts);
  }
  steps_->soak(incumbent_, seconds, {last_batch(), options_.device.memory_bytes});
}

void Tuner::measure_baselines() {
  steps_->enter("baselines");
  for (const Config& config : {incumbent_, fp32_smallest_batch_}) {
    if (book_.find(config) || stopped()) continue;
    Outcome outcome = measure(config);
    // The first steps start workers and load models: no measure of what a window costs later.
    if (outcome.status == TrialStatus::ok) {
      outcome.joules *= std::min(1.0, baseline_cost_factor * window_seconds_ / outcome.seconds);
      outcome.seconds = std::min(outcome.seconds, baseline_cost_factor * window_seconds_);
    }
    baseline_outcomes_.emplace_back(config, outcome);
    if (outcome.status == TrialStatus::ok) continue;
    complete_ = false;
    warnings_.push_back(
        fmt::format("{} could not be measured: {}", to_string(config), book_.find(config)->reason));
  }
}

void Tuner::survey_arms() {
  steps_->enter("survey");
  survey_ = survey(arms_, *steps_, book_, options_.constraints,
                   [&] { return may_spend(survey_ends_at * budget_seconds_); });
  configurations_ = space_of(survey_.accepted).size() + space_of(survey_.lossy).size();
  if (survey_.complete) return;
  complete_ = false;
  warnings_.push_back(why_over() + " before every arm was checked.");
}

void Tuner::confirm_accuracy() {
  steps_->enter("confirm");
  if (race_rounds_ == 0 || stopped()) return;
  while (true) {
    const std::vector<Trial> best = ranked();
    if (best.empty() || best.front().config.arm.precision == Precision::fp32) return;
    const Config config = best.front().config;
    const Prepared prepared = steps_->check(config.arm, config.batch);
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
  confirmed_saving_ = confirm(*steps_, best.front().config, incumbent_, {},
                              [&] { return may_spend(budget_seconds_); });
  if (confirmed_saving_) return;
  complete_ = false;
  warnings_.push_back(
      fmt::format("the saving was not confirmed at steady temperature: {}.", why_over()));
}

TuneResult Tuner::conclude() {
  const std::vector<Trial> best = ranked();
  if (best.empty()) {
    if (!steps_->broken().empty()) throw Error(ErrorCode::worker, steps_->broken());
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
  result.budget = {budget_seconds_,
                   options_.budget.joules_for(options_.effort, result.meter.most_watts)};
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
  result.resumed_steps = steps_->resumed();
  result.complete = complete_ && !stopped();
  result.resumable = stopped() && journal_ && steps_->journal_failure().empty();
  result.warnings = warnings_;
  for (const std::string& warning : closing_warnings()) result.warnings.push_back(warning);
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

/// Arms that were good enough and of which no window was taken: silence would look like a verdict.
std::vector<std::string> Tuner::warnings_of_arms() const {
  std::vector<std::string> warnings;
  for (const Arm& arm : survey_.accepted) {
    if (!batches_measured(arm).empty()) continue;
    warnings.push_back(fmt::format(
        "{} {}{} was not measured: {}.", to_string(arm.precision), to_string(arm.layout),
        arm.execution.threads ? fmt::format(" threads {}", *arm.execution.threads) : "",
        std::ranges::count(looked_at_, arm) > 0
            ? "a few iterations of it took so long that it cannot win"
            : why_over() + " before the search came to it"));
  }
  return warnings;
}

std::vector<std::string> Tuner::closing_warnings() const {
  std::vector<std::string> warnings = warnings_of_arms();
  if (!steps_->broken().empty()) {
    warnings.push_back("the tune ended early, since no worker could be started any more: " +
                       steps_->broken());
  }
  if (!steps_->journal_failure().empty()) {
    warnings.push_back(
        "the journal is incomplete, so that this tune could be resumed only in part: " +
        steps_->journal_failure());
  }
  return warnings;
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
  add(fp32_smallest_batch_.batch == 1 ? "fp32_batch_1" : "fp32_smallest_batch",
      book_.find(fp32_smallest_batch_));
  const auto trials = book_.trials();
  add("fastest", fastest(trials));
  add("largest_batch", largest_batch(trials));
  return made;
}

bool Tuner::may_spend(double until_seconds) const {
  return !stopped() && spent_seconds() < until_seconds;
}

// A default in joules would say no more than the seconds do, and end a tune early where the device
// draws more than it is said to.
double Tuner::spent_seconds() const {
  if (!options_.budget.joules) return spend_.seconds();
  return std::max(spend_.seconds(), spend_.joules() / *options_.budget.joules * budget_seconds_);
}

std::string Tuner::why_over() const {
  if (stopped()) return "the tune was stopped";
  return fmt::format(
      "the budget of {:.0f} s{} ended", budget_seconds_,
      options_.budget.joules ? fmt::format(" and {:.0f} J", *options_.budget.joules) : "");
}

bool Tuner::stopped() const {
  return !steps_->broken().empty() || (options_.stop_requested && options_.stop_requested());
}

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
