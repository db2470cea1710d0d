#include <algorithm>
#include <deque>
#include <limits>
#include <ranges>
#include <set>

#include "search/latency_scan.hpp"
#include "search/race.hpp"
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

// At 2.4 % noise 30 rounds leave a standard error of about 0.5 %, since the noise of successive
// windows is correlated: the indifference zone.
constexpr int most_rounds = 30;

/// How many batches of each arm get a window before the race.
constexpr int most_windows_per_arm = 2;

/// Whoever's window is this far behind does not enter the race: five times the spread between two
/// windows at the noise of NVML's (2.4 %).
constexpr double too_dear_to_race = 1.17;

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
    const bool full_round = race_ && (race_->round() > 1 || race_->round_ended());
    if (!full_round) return best_so_far().verdict();
    const RoundComparison comparison = race_->compare();
    std::optional<std::size_t> best;
    double lowest = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < race_->entrants().size(); ++i) {
      const auto estimate = comparison.estimate(i);
      if (!estimate || !race_->racing(race_->entrants()[i]) || estimate->value >= lowest) continue;
      lowest = estimate->value;
      best = i;
    }
    return best ? verdict(comparison, *best, lowest) : best_so_far().verdict();
  }

  std::vector<Candidate> finalists() const override {
    std::vector<std::pair<double, Candidate>> bests;
    for (const auto& of_arm : measured_) bests.insert(bests.end(), of_arm.begin(), of_arm.end());
    std::ranges::sort(bests);
    std::vector<Candidate> entrants;
    for (const auto& [joules, candidate] : bests) {
      if (joules <= too_dear_to_race * bests.front().first) entrants.push_back(candidate);
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
    if (!scan.begun() && stride(scan.feasible()) > 1) {
      if (const auto batch = scan.next_fit()) return Step{0, StepKind::fit, {arm, *batch}, 0, 0};
    }
    if (!scan.begun()) scan.begin_probes(stride(scan.feasible()));
    if (const auto batch = scan.next_probe()) return Step{0, StepKind::probe, {arm, *batch}, 0, 0};
    return std::nullopt;
  }

  [[nodiscard]] bool closed(std::size_t arm) const {
    const auto& batches = space().arms[arm].batches;
    return batches.empty() || !open({arm, batches.front()});
  }

  /// The smallest power of two at which probes of so many batches leave the other arms their share.
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
    if (!race_) {
      std::vector<Candidate> entrants = finalists();
      // For the ratio to what runs today.
      if (incumbent_counts()) entrants.push_back(*options().incumbent);
      race_.emplace(std::move(entrants),
                    Race::Options{.seed = options().seed,
                                  .max_rounds = most_rounds,
                                  .comparison = {.indifference = options().indifference}});
    }
    const auto candidate = race_->next();
    if (!candidate) return std::nullopt;
    return Step{0, StepKind::window, *candidate, race_->round(), 0};
  }

  void learn_race(const Candidate& candidate, const Outcome& outcome, bool counts) {
    race_->tell(candidate, outcome);
    if (!counts) race_->drop(candidate);
    if (race_->round_ended() && race_->round() >= 2) drop_those_behind();
  }

  // Not at looks only: the budget of a short search ends before the first, and the interval of few
  // rounds is wide enough to spare whoever is near.
  void drop_those_behind() {
    const RoundComparison comparison = race_->compare();
    for (std::size_t i = 0; i < race_->entrants().size(); ++i) {
      if (comparison.may_drop(i)) race_->drop(race_->entrants()[i]);
    }
  }

  [[nodiscard]] Verdict verdict(const RoundComparison& comparison, std::size_t best,
                                double joules_per_unit) const {
    Verdict verdict{race_->entrants()[best], joules_per_unit, std::nullopt, std::nullopt};
    const auto& entrants = race_->entrants();
    if (!incumbent_counts()) return verdict;
    const auto at = std::ranges::find(entrants, *options().incumbent) - entrants.begin();
    verdict.reference = options().incumbent;
    verdict.ratio = comparison.ratio(best, static_cast<std::size_t>(at));
    return verdict;
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
    if (step.round > 0 && race_) {
      learn_race(step.candidate, outcome, counts);
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
    if (!options().race) return "the arms' best are measured; the race is the driver's";
    return race_ && race_->round() > 0 ? "the race of the arms' best is decided"
                                       : "one batch is left, and it is measured";
  }

  std::vector<LatencyScan> scans_;
  std::deque<std::size_t> to_scan_;
  std::set<Candidate> windowed_;
  std::vector<std::vector<std::pair<double, Candidate>>> measured_;  ///< Per arm, joules first.
  std::optional<Race> race_;
};

}  // namespace

std::unique_ptr<Searcher> make_latency_first(SearchSpace space, SearchOptions options) {
  return std::make_unique<LatencyFirst>(std::move(space), std::move(options));
}

}  // namespace autotune
