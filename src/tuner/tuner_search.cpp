// The search of a tune: what the searcher asks for, and what came of it.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>

#include "autotune/prior.hpp"
#include "tuner/tuner.hpp"

namespace autotune {
namespace {

// Enough for a median; more would cost as much as a window (research on search, section 7, step 3).
constexpr int probe_iterations = 3;

/// Rows of the matrix products per row of the inputs: the length of the first input where it is a
/// sequence of tokens, as in `int64[batch,128]`.
double tokens_per_row(const std::string& signature) {
  int length = 0;
  const bool sequence = std::sscanf(signature.c_str(), "int%*d[batch,%d]", &length) == 1;
  return sequence && length > 0 ? length : 1;
}

/// By the distance on the logarithm; nothing once all in [least, most] are measured.
std::optional<int> least_known_power_of_two(const std::vector<int>& measured, int least, int most) {
  std::optional<int> chosen;
  double farthest = 0;
  for (int batch = 1; batch <= most; batch *= 2) {
    double distance = std::numeric_limits<double>::infinity();
    for (const int known : measured) {
      distance = std::min(distance, std::abs(std::log2(batch) - std::log2(known)));
    }
    if (batch < least || distance <= farthest) continue;
    farthest = distance;
    chosen = batch;
  }
  return chosen;
}

Outcome outcome_of(const Window& window) {
  Outcome outcome{.status = window.status};
  if (window.status != TrialStatus::ok) return outcome;
  const Measurement measurement = summarise({window});
  outcome.latency_ms = measurement.latency_p50_ms;
  outcome.latency_p99_ms = measurement.latency_p99_ms;
  outcome.joules_per_unit = measurement.joules_per_unit;
  outcome.peak_memory_bytes = measurement.peak_memory_bytes;
  return outcome;
}

}  // namespace

std::vector<Config> Tuner::search(const std::vector<Arm>& arms,
                                  const std::function<double()>& until_seconds,
                                  std::optional<int> windows) {
  steps_->enter("search");
  const SearchSpace space = space_of(arms);
  if (space.size() == 0) return {};
  const auto searcher =
      make_searcher(options_.searcher, space, search_options(arms, until_seconds(), windows));
  while (may_spend(until_seconds())) {
    const auto next = searcher->ask();
    if (!next) break;
    searcher->tell(*next, take(*next, {next->candidate.batch, arms[next->candidate.arm]}));
  }
  search_seconds_ = spend_.seconds();
  search_ended_ = searcher->why_ended();
  if (search_ended_.empty()) search_ended_ = stopped() ? "stopped" : "the budget's share was used";
  measure_closest_miss(*searcher, arms, until_seconds());
  std::vector<Config> finalists;
  for (const Candidate& candidate : searcher->finalists()) {
    finalists.push_back({candidate.batch, arms[candidate.arm]});
  }
  return finalists;
}

SearchOptions Tuner::search_options(const std::vector<Arm>& arms, double until_seconds,
                                    std::optional<int> windows) const {
  SearchOptions options{.seed = options_.seed,
                        .max_latency_ms = options_.constraints.max_latency_ms,
                        .max_memory_bytes = options_.constraints.max_memory_bytes,
                        .units_per_row = tokens_per_row(description_.id.inputs),
                        .race = false};
  options.prior = prior_from(earlier_trials_, space_of(arms));
  options.budget.windows = windows;
  options.budget.seconds = std::max(0.0, until_seconds - spend_.seconds());
  if (options_.budget.joules) {
    const double share = until_seconds / budget_seconds_ * *options_.budget.joules;
    options.budget.joules = std::max(0.0, share - spend_.joules());
  }
  const auto arm = std::ranges::find(arms, incumbent_.arm);
  const bool inside = incumbent_.batch >= first_batch() && incumbent_.batch <= last_batch();
  if (arm != arms.end() && inside) {
    options.incumbent = {static_cast<std::size_t>(arm - arms.begin()), incumbent_.batch};
  }
  return options;
}

// Where nothing keeps the limits the answer is how close one came, with its figures.
void Tuner::measure_closest_miss(const Searcher& searcher, const std::vector<Arm>& arms,
                                 double until_seconds) {
  if (searcher.best() || !may_spend(until_seconds)) return;
  const auto miss = searcher.closest_miss();
  if (!miss) return;
  const Config config{miss->candidate.batch, arms[miss->candidate.arm]};
  if (!book_.find(config)) static_cast<void>(measure(config));
}

// A profile serves a look-up under any latency limit, so the best arm is known at every power of
// two and not only where the least energy is: each time the one farthest from what was measured.
void Tuner::measure_curve(const std::function<double()>& until_seconds) {
  steps_->enter("curve");
  const std::vector<Trial> best = ranked();
  if (best.empty()) return;
  const Arm arm = best.front().config.arm;
  while (may_spend(until_seconds())) {
    const auto batch = least_known_power_of_two(batches_measured(arm), first_batch(), last_batch());
    if (!batch || measure({*batch, arm}).status != TrialStatus::ok) return;
  }
}

std::vector<int> Tuner::batches_measured(const Arm& arm) const {
  std::vector<int> batches;
  for (const Trial& trial : book_.trials()) {
    if (trial.config.arm == arm) batches.push_back(trial.config.batch);
  }
  return batches;
}

int Tuner::first_batch() const { return std::max(options_.min_batch, description_.min_batch); }

int Tuner::last_batch() const {
  return description_.max_batch > 0 ? std::min(options_.max_batch, description_.max_batch)
                                    : options_.max_batch;
}

SearchSpace Tuner::space_of(const std::vector<Arm>& arms) const {
  SearchSpace space;
  for (const Arm& arm : arms) {
    std::vector<int> batches(static_cast<std::size_t>(last_batch() - first_batch() + 1));
    std::iota(batches.begin(), batches.end(), first_batch());
    space.arms.push_back({to_string(arm), std::move(batches)});
  }
  return space;
}

Outcome Tuner::take(const Step& step, const Config& config) {
  if (step.kind == StepKind::window) {
    const auto known =
        std::ranges::find(baseline_outcomes_, config, &std::pair<Config, Outcome>::first);
    return known == baseline_outcomes_.end() ? measure(config) : known->second;
  }
  report(config);
  if (std::ranges::count(looked_at_, config.arm) == 0) looked_at_.push_back(config.arm);
  return charged([&] {
    const Window window =
        steps_->probe(config, step.kind == StepKind::probe ? probe_iterations : 0);
    if (window.status != TrialStatus::ok) book_.add(config, window);
    return window;
  });
}

Outcome Tuner::measure(const Config& config) {
  report(config);
  const double before = spent_seconds();
  double seconds = 0;
  const Outcome outcome = charged([&] {
    Window window = steps_->window(config);
    book_.add(config, window);
    seconds = window.seconds;
    return window;
  });
  step_seconds_.emplace_back(config, spent_seconds() - before);
  window_seconds_ = seconds;
  return outcome;
}

Outcome Tuner::charged(const std::function<Window()>& work) {
  const double seconds = spend_.seconds(), joules = spend_.joules();
  const Window window = work();
  Outcome outcome = outcome_of(window);
  outcome.seconds = spend_.seconds() - seconds;
  outcome.joules = spend_.joules() - joules;
  return outcome;
}

}  // namespace autotune
