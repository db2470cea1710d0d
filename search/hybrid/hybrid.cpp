// The default searcher: its phases, and what it answers. How it visits arms, what it takes to be
// worth a look and how it races are in the files named after them.
#include "search/hybrid/hybrid.hpp"

#include <algorithm>
#include <cmath>

#include "search/hybrid/candidates.hpp"
#include "search/searchers.hpp"

namespace autotune {
namespace {

// A third of the budget is the race's (research on search, section 7, step 0).
constexpr double exploration_share = 0.65;

// With so few windows every one of them is a finalist's.
constexpr double few_windows = 6;

// A gain below it is not worth a window (research on search, section 7, step 7).
constexpr double least_gain = 0.001;

// The belief takes the likeliest kernel and scatter for certain. Its intervals are this much too
// narrow for it: they covered 93 % of ratios instead of 95 on one half of the recorded tables (A40,
// hidden sizes 1,024 and 4,096, every second simulated one).
constexpr double left_out = 1.1;

// How many batches on either side of the best one are looked at before the race.
constexpr std::size_t neighbours = 2;

}  // namespace

Hybrid::Hybrid(SearchSpace space, SearchOptions options)
    : options_(std::move(options)),
      grid_(space),
      beliefs_(grid_, options_),
      costs_(options_.budget),
      arms_(grid_.arms()) {
  if (options_.incumbent) incumbent_ = grid_.find(*options_.incumbent);
}

std::optional<Step> Hybrid::ask() {
  constexpr Plan (Hybrid::*phases[])() = {
      &Hybrid::measure_incumbent, &Hybrid::visit_arms,  &Hybrid::shape_arms,
      &Hybrid::explore,           &Hybrid::look_beside, &Hybrid::race,
  };
  if (!ended_.empty()) return std::nullopt;
  for (const auto phase : phases) {
    if (auto step = (this->*phase)()) return step;
  }
  ended_ = why_nothing_is_left();
  return std::nullopt;
}

std::string Hybrid::why_nothing_is_left() const {
  if (refused_by_budget_) return "the budget is spent";
  if (!beliefs_.best()) return "nothing that was tried keeps the limits";
  if (!options_.race) return "explored: the finalists are to be raced";
  return "nothing left can matter";
}

void Hybrid::tell(const Step& step, const Outcome& outcome) {
  costs_.learn(step, outcome);
  beliefs_.learn(step, outcome, costs_.spent_seconds());
  ArmVisit& arm = arms_[step.candidate.arm];
  if (outcome.latency_ms) {
    arm.ms_per_row = std::min(arm.ms_per_row, *outcome.latency_ms / step.candidate.batch);
  }
  if (step.candidate == options_.incumbent) incumbent_tried_ = true;
  if (step.kind == StepKind::probe) {
    ++arm.probes;
    if (outcome.status == TrialStatus::ok && !outcome.latency_ms) probes_tell_ = false;
  }
  if (race_ && step.round > 0) race_->tell(step.candidate, outcome);
}

/// Nothing if the budget does not allow it, as far as can be foreseen.
Hybrid::Plan Hybrid::step(StepKind kind, std::size_t point, int round) {
  refused_by_budget_ = !costs_.affordable(kind, grid_.arm(point));
  if (refused_by_budget_) return std::nullopt;
  return Step{next_id_++, kind, grid_.candidate(point), round, 0};
}

Hybrid::Plan Hybrid::measure_incumbent() {
  if (!incumbent_ || incumbent_tried_) return std::nullopt;
  return step(StepKind::window, *incumbent_);
}

bool Hybrid::exploration_is_over() const {
  const auto left = costs_.windows_left();
  const auto planned = costs_.windows_planned();
  const double share = options_.race ? exploration_share : 1;  // Else the race is the driver's.
  return costs_.spent() >= share || (options_.race && planned && *planned <= few_windows) ||
         (left && *left < 2);
}

Hybrid::Plan Hybrid::explore() {
  if (explored_) return std::nullopt;
  const auto choice = exploration_is_over() ? std::nullopt : choose();
  if (!choice || choice->gain < least_gain) {
    explored_ = true;
    return std::nullopt;
  }
  if (choice->probe) return step(StepKind::probe, middle_of_unknown(choice->point));
  return step(StepKind::window, less_known(choice->point));
}

/// The latency beside the best one: it falls by a per cent or two from one batch to a larger one
/// now and then, which no bound foresees.
Hybrid::Plan Hybrid::look_beside() {
  update();
  const auto best = beliefs_.best();
  if (!best || !probing_pays()) return std::nullopt;
  const std::size_t arm = grid_.arm(*best);
  for (std::size_t away = 1; away <= neighbours; ++away) {
    const std::size_t below = *best - std::min(away, *best - grid_.begin(arm));
    const std::size_t above = std::min(*best + away, grid_.end(arm) - 1);
    for (const std::size_t point : {below, above}) {
      if (beliefs_.open(point) && !beliefs_.latency().known(point)) {
        return step(StepKind::probe, point);
      }
    }
  }
  return std::nullopt;
}

std::optional<std::size_t> Hybrid::reference(std::size_t best) const {
  if (incumbent_ && beliefs_.windows(*incumbent_) > 0) {
    return *incumbent_ == best ? std::nullopt : incumbent_;
  }
  std::optional<std::size_t> found;
  double least = std::numeric_limits<double>::infinity();
  for (const std::size_t point : beliefs_.measured()) {
    if (!beliefs_.answers(point) || !is_power_of_two(grid_.batch(point))) continue;
    const double energy = beliefs_.log_energy(point);
    if (energy >= least) continue;
    least = energy;
    found = point;
  }
  return found == best ? std::nullopt : found;
}

std::optional<Verdict> Hybrid::best() const {
  update();
  const auto best = beliefs_.best();
  if (!best) return std::nullopt;
  Verdict verdict{grid_.candidate(*best), std::exp(beliefs_.log_energy(*best))};
  const auto other = reference(*best);
  if (!other) return verdict;
  verdict.reference = grid_.candidate(*other);
  // Of the belief, not of the raced windows alone: those chose the winner and flatter it, while the
  // belief shrinks what is too good towards what its neighbours say (docs/search.md#ratio).
  const Belief gap = beliefs_.gap_between(*best, *other);
  const double half =
      left_out * student_t_quantile(0.975, beliefs_.degrees()) * std::sqrt(gap.variance);
  verdict.ratio = Ratio{std::exp(gap.mean), {std::exp(gap.mean - half), std::exp(gap.mean + half)}};
  return verdict;
}

std::optional<ClosestMiss> Hybrid::closest_miss() const {
  update();
  return beliefs_.best() ? std::nullopt : beliefs_.closest_miss();
}

std::unique_ptr<Searcher> make_hybrid(SearchSpace space, SearchOptions options) {
  return std::make_unique<Hybrid>(std::move(space), std::move(options));
}

}  // namespace autotune
