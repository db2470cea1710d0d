#include <algorithm>
#include <deque>
#include <limits>
#include <ranges>
#include <set>

#include "search/latency_scan.hpp"
#include "search/rounds.hpp"
#include "search/searchers.hpp"
#include "search/stepwise.hpp"

namespace autotune {
namespace {

// A race needs about a third of the windows to tell its entrants apart (docs/architecture.md);
// probes beyond half of what else there is would leave too little for the arms still to come.
constexpr double window_share = 0.65;
constexpr double probe_share = 0.4;

// Until the first probe was told: about what three iterations cost. Only the stride depends on it.
constexpr double assumed_probe_seconds = 0.1;

/// How many batches of each arm get a window before the race.
constexpr int most_windows_per_arm = 2;

/// An arm whose windows are this far behind does not enter the race: five times the spread of two
/// windows at the noise of NVML's (2.4 %).
constexpr double far_behind = 1.17;

/// Latency of every batch of every arm, a window for each arm's best by time per row, then a race
/// of the arms' best.
class LatencyFirst final : public Stepwise {
 public:
  LatencyFirst(SearchSpace space, SearchOptions options)
      : Stepwise(std::move(space), std::move(options)) {
    for (const auto& arm : this->space().arms) {
      scans_.emplace_back(arm.batches);
      to_scan_.push_back(scans_.size() - 1);
    }
    // Its arm is prepared when the incumbent was measured.
    if (const auto& incumbent = this->options().incumbent) {
      std::erase(to_scan_, incumbent->arm);
      to_scan_.push_front(incumbent->arm);
    }
    measured_.resize(scans_.size());
  }

  std::optional<Verdict> best() const override {
    const auto raced = rounds_ ? rounds_->verdict(options().incumbent) : std::nullopt;
    return raced ? raced : best_so_far().verdict();
  }

  std::vector<Candidate> finalists() const override {
    std::vector<std::pair<double, Candidate>> bests;
    for (const auto& of_arm : measured_) {
      const auto best = std::ranges::min_element(of_arm);
      if (best != of_arm.end()) bests.push_back(*best);
    }
    std::ranges::sort(bests);
    std::vector<Candidate> entrants;
    for (const auto& [joules, candidate] : bests) {
      if (joules <= far_behind * bests.front().first) entrants.push_back(candidate);
    }
    return entrants;
  }

 private:
  std::optional<Step> next() override {
    while (!to_scan_.empty()) {
      const std::size_t arm = to_scan_.front();
      if (auto step = next_of_scan(arm)) return step;
      if (!windows_are_scarce()) {
        if (auto step = next_window(arm)) return step;
      }
      to_scan_.pop_front();
    }
    if (auto step = next_scarce_window()) return step;
    return options().race ? next_of_race() : std::nullopt;
  }

  std::optional<Step> next_of_scan(std::size_t arm) {
    LatencyScan& scan = scans_[arm];
    if (closed(arm)) return std::nullopt;
    if (const auto batch = scan.next_fit()) return Step{0, StepKind::fit, {arm, *batch}, 0, 0};
    if (!scan.begun()) scan.begin_probes(stride(scan.feasible()));
    if (const auto batch = scan.next_probe()) return Step{0, StepKind::probe, {arm, *batch}, 0, 0};
    return std::nullopt;
  }

  [[nodiscard]] bool closed(std::size_t arm) const {
    const auto& batches = space().arms[arm].batches;
    return batches.empty() || !open({arm, batches.front()});
  }

  /// The smallest power of two at which the probes of this arm leave the others their share.
  [[nodiscard]] std::size_t stride(std::size_t feasible) const {
    const Spending::Cost& probes = spending().of(StepKind::probe);
    const Spending::Cost spent = spending().all();
    const auto left_to_scan = static_cast<double>(to_scan_.size());
    const double seconds = probes.steps > 0 ? probes.seconds / probes.steps : assumed_probe_seconds;
    const double joules = probes.steps > 0 ? probes.joules / probes.steps : 0;
    const auto too_dear = [&](std::optional<double> budget, double used, double each,
                              double count) {
      return budget && count * each * left_to_scan > probe_share * (*budget - used);
    };
    std::size_t stride = 1;
    while (stride < feasible) {
      const auto count = static_cast<double>(feasible / stride + (stride > 1 ? 4 * stride : 0));
      if (!too_dear(options().budget.seconds, spent.seconds, seconds, count) &&
          !too_dear(options().budget.joules, spent.joules, joules, count)) {
        break;
      }
      // Past this the refinement costs more than the coarse probes save.
      if (4 * stride * stride > feasible) break;
      stride *= 2;
    }
    return stride;
  }

  /// Then the arms are ranked by time per row first, since not all of them can have a window.
  [[nodiscard]] bool windows_are_scarce() const { return windows_per_arm() == 0; }

  [[nodiscard]] int windows_per_arm() const {
    const auto& windows = options().budget.windows;
    if (!windows || !options().race) return most_windows_per_arm;
    const double each = window_share * *windows / static_cast<double>(scans_.size());
    return std::min(static_cast<int>(each), most_windows_per_arm);
  }

  [[nodiscard]] std::optional<Step> next_window(std::size_t arm) const {
    const std::vector<int> ranked = scans_[arm].ranked();
    for (const int batch : ranked | std::views::take(std::max(windows_per_arm(), 1))) {
      if (!windowed_.contains({arm, batch})) return window_of({arm, batch});
    }
    return std::nullopt;
  }

  /// One window an arm, the fastest per row first, until those kept for the race are reached.
  [[nodiscard]] std::optional<Step> next_scarce_window() const {
    const int given = spending().of(StepKind::window).steps;
    if (!windows_are_scarce() || given >= window_share * *options().budget.windows) {
      return std::nullopt;
    }
    std::optional<Step> next;
    double fastest = std::numeric_limits<double>::infinity();
    for (std::size_t arm = 0; arm < scans_.size(); ++arm) {
      const auto step = next_window(arm);
      if (!step || scans_[arm].best_ms_per_row() >= fastest) continue;
      fastest = scans_[arm].best_ms_per_row();
      next = step;
    }
    return next;
  }

  std::optional<Step> next_of_race() {
    if (!rounds_) {
      std::vector<Candidate> entrants = finalists();
      // For the ratio to what runs today.
      if (incumbent_counts()) entrants.push_back(*options().incumbent);
      rounds_.emplace(std::move(entrants), options().indifference);
    }
    return rounds_->next();
  }

  void learn(const Step& step, const Outcome& outcome) override {
    const auto [arm, batch] = step.candidate;
    const bool counts = meets(outcome, options());
    const bool slow = too_slow(outcome, options());
    if (slow) scans_[arm].tell_too_slow(batch);
    if (step.kind == StepKind::window) {
      windowed_.insert(step.candidate);
      learn_window(step, outcome, counts);
    } else if (counts && step.kind == StepKind::probe && outcome.latency_ms) {
      scans_[arm].tell_probe(batch, *outcome.latency_ms);
    }
    // What ran in a window may still be too large beside what ran before it: no proof that it fits.
    const bool runs = counts || slow;
    if (!runs || step.kind == StepKind::fit) scans_[arm].tell_fit(batch, runs);
  }

  void learn_window(const Step& step, const Outcome& outcome, bool counts) {
    if (step.round > 0 && rounds_) {
      rounds_->tell(step, outcome, counts);
      return;
    }
    if (counts && outcome.joules_per_unit) {
      measured_[step.candidate.arm].emplace_back(*outcome.joules_per_unit, step.candidate);
    }
  }

  [[nodiscard]] bool incumbent_counts() const {
    return options().incumbent &&
           std::ranges::any_of(measured_[options().incumbent->arm], [&](const auto& measured) {
             return measured.second == options().incumbent;
           });
  }

  std::string reason() const override {
    if (!options().race) return "the arms' best are known well enough to race them";
    return rounds_ && rounds_->verdict({}) ? "the race of the arms' best is decided"
                                           : "one arm is left, and its best batch is measured";
  }

  std::vector<LatencyScan> scans_;
  std::deque<std::size_t> to_scan_;
  std::set<Candidate> windowed_;
  std::vector<std::vector<std::pair<double, Candidate>>> measured_;  ///< Per arm, joules first.
  std::optional<Rounds> rounds_;
};

}  // namespace

std::unique_ptr<Searcher> make_latency_first(SearchSpace space, SearchOptions options) {
  return std::make_unique<LatencyFirst>(std::move(space), std::move(options));
}

}  // namespace autotune
