#include "search/replay/replay.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace autotune::replay {
namespace {

// Sums of tenths of a second are a little off: 10 s hold 100 probes of 0.1 s.
constexpr double rounding = 1e-9;

constexpr int most_windows = std::numeric_limits<int>::max();

/// Measures a table's rows for a searcher: what they read, what they cost.
class Measurer {
 public:
  Measurer(const Table& table, const ReplayOptions& options)
      : table_(table),
        options_(options),
        meter_(options.noise, options.seed),
        least_failed_(table.space().arms.size(), std::numeric_limits<int>::max()) {}

  /// Nothing if the step would exceed the budget; then `refused_by` names the limit.
  std::optional<Outcome> measure(const Step& step) {
    const Row& row = table_.at(step.candidate);
    const Cost cost = cost_of(step, row);
    refused_by_ = limit_broken_by(cost);
    if (!refused_by_.empty()) return std::nullopt;
    Outcome outcome = read(step, row, spent_.seconds + cost.until_middle);
    outcome.seconds = cost.seconds;
    outcome.joules = cost.joules;
    count(step, outcome, cost);
    return outcome;
  }

  [[nodiscard]] const Spent& spent() const noexcept { return spent_; }
  [[nodiscard]] std::string_view refused_by() const noexcept { return refused_by_; }

 private:
  struct Cost {
    int windows = 0;
    double seconds = 0;
    double joules = 0;
    double until_middle = 0;  ///< Seconds from the step's begin to the middle of its window.
  };

  [[nodiscard]] Cost cost_of(const Step& step, const Row& row) const {
    const Charges& charges = options_.charges;
    const bool switches = last_arm_ && *last_arm_ != step.candidate.arm;
    const double before = switches ? charges.switch_seconds : 0;
    const double own = seconds_of(step, row.fails(), charges);
    // A step that fails is over before a second window.
    const int windows = std::min(windows_of(step, charges), row.fails() ? 1 : most_windows);
    return {.windows = windows,
            .seconds = before + own,
            .joules = table_.watts(step.candidate) * (before + own),
            .until_middle = before + own - windows * charges.window_seconds / 2};
  }

  [[nodiscard]] std::string_view limit_broken_by(const Cost& cost) const {
    const SearchBudget& budget = options_.budget;
    if (budget.windows && spent_.windows + cost.windows > *budget.windows) return "windows";
    if (budget.seconds && spent_.seconds + cost.seconds > *budget.seconds * (1 + rounding)) {
      return "seconds";
    }
    if (budget.joules && spent_.joules + cost.joules > *budget.joules * (1 + rounding)) {
      return "joules";
    }
    return {};
  }

  Outcome read(const Step& step, const Row& row, double middle) {
    Outcome outcome{.status = row.status};
    if (row.status != TrialStatus::out_of_memory) outcome.peak_memory_bytes = row.peak_memory_bytes;
    if (row.fails() || step.kind == StepKind::fit) return outcome;
    outcome.latency_ms = meter_.latency(*row.latency_ms);
    // A table has one latency per row: every percentile is the median.
    outcome.latency_p99_ms = outcome.latency_ms;
    if (step.kind == StepKind::window) {
      outcome.joules_per_unit =
          meter_.joules(*row.joules_per_unit, windows_of(step, options_.charges), middle);
    }
    return outcome;
  }

  void count(const Step& step, const Outcome& outcome, const Cost& cost) {
    spent_.windows += cost.windows;
    spent_.probes += step.kind == StepKind::probe;
    spent_.fits += step.kind == StepKind::fit;
    spent_.seconds += cost.seconds;
    spent_.joules += cost.joules;
    last_arm_ = step.candidate.arm;
    if (outcome.status != TrialStatus::out_of_memory) return;
    int& least = least_failed_[step.candidate.arm];
    ++spent_.out_of_memory;
    spent_.repeated_out_of_memory += step.candidate.batch >= least;
    least = std::min(least, step.candidate.batch);
  }

  const Table& table_;
  const ReplayOptions& options_;
  NoisyMeter meter_;
  Spent spent_;
  std::optional<std::size_t> last_arm_;
  std::vector<int> least_failed_;  ///< Per arm, the smallest batch that was out of memory.
  std::string_view refused_by_;
};

SearchOptions search_options(const ReplayOptions& options) {
  return {.seed = options.seed,
          .incumbent = options.incumbent,
          .max_latency_ms = options.limits.max_latency_ms,
          .max_memory_bytes = options.limits.max_memory_bytes,
          .budget = options.budget,
          .units_per_row = options.units_per_row,
          .prior = options.prior};
}

double joules(const Table& table, const Candidate& candidate) {
  return *table.at(candidate).joules_per_unit;
}

/// Fills in what the verdict says and what the table says of it.
void judge(const Verdict& verdict, const Table& table, const Limits& limits, ReplayResult& result) {
  result.pick = verdict.candidate;
  result.feasible = table.feasible(verdict.candidate, limits);
  if (result.feasible) {
    result.regret = joules(table, verdict.candidate) / joules(table, *table.best(limits)) - 1;
  }
  if (!verdict.reference || !verdict.ratio) return;
  result.reference = verdict.reference;
  result.ratio = verdict.ratio;
  if (table.at(verdict.candidate).measured() && table.at(*verdict.reference).measured()) {
    result.true_ratio = joules(table, verdict.candidate) / joules(table, *verdict.reference);
  }
}

}  // namespace

ReplayResult replay(const Table& table, const ReplayOptions& options) {
  ReplayOptions named = options;
  if (named.searcher.empty()) named.searcher = searchers().front().name;
  const auto searcher = make_searcher(named.searcher, table.space(), search_options(named));
  return replay(table, named, *searcher);
}

ReplayResult replay(const Table& table, const ReplayOptions& options, Searcher& searcher) {
  Measurer measurer(table, options);
  while (const auto step = searcher.ask()) {
    const auto outcome = measurer.measure(*step);
    if (!outcome) break;
    searcher.tell(*step, *outcome);
  }
  ReplayResult result{.searcher = options.searcher,
                      .spent = measurer.spent(),
                      .stopped_by_limit = !measurer.refused_by().empty()};
  result.why_ended = result.stopped_by_limit ? "limit: " + std::string(measurer.refused_by())
                                             : searcher.why_ended();
  if (const auto verdict = searcher.best()) judge(*verdict, table, options.limits, result);
  if (const auto power = table.best_power_of_two(options.limits)) {
    result.power_of_two_regret =
        joules(table, *power) / joules(table, *table.best(options.limits)) - 1;
  }
  return result;
}

}  // namespace autotune::replay
