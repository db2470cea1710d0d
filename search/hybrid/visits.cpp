// How the hybrid searcher visits each arm once: how far it goes, where its edges are, one window.
#include <algorithm>
#include <cmath>

#include "search/hybrid/candidates.hpp"
#include "search/hybrid/hybrid.hpp"

namespace autotune {
namespace {

// The edge of what fits is found to 2 % at first.
constexpr double frontier_tolerance = 0.02;

// What may be probed before the first window tells what a probe costs beside it.
constexpr double blind_probing_seconds = 3;

// An arm with four times the best one's time per row cannot win it back by drawing less power: what
// was recorded of one device differs by up to 3.4 (GB200, nvfp4 and bf16 products, all short). Its
// first probes may miss its edges, and those may be worth another factor of two.
constexpr double hopeless_ratio = 4;
constexpr double hopeless_at_first = 8;
constexpr int first_probes = 2;

// So much of the budget may be spent on looking at arms closely, and up to so much another one is
// entered; one that a prior passes over, up to so much.
constexpr double visits_share = 0.5;
constexpr double entering_share = 0.65;
constexpr double passed_over_share = 0.15;

// An arm is entered for one window at least, and fits and probes that take no longer.
constexpr double windows_to_enter = 2;

// With so few windows left and none taken, the next step is one: an answer before a better one.
constexpr double last_windows = 3;

// Without probes an arm's shape is told by windows at so many halvings of its largest batch, where
// there are several times as many windows as that.
constexpr int halvings = 3;
constexpr double hopeless_without_shape = 1.6;  // A batch alone wins back a tile edge's 10–60 %.
constexpr double windows_for_shape = 4;

}  // namespace

/// The incumbent's arm is loaded; then as they come. Not first what was best elsewhere: which arm
/// is best changes with the hardware, and each visit costs a switch of arms (docs/search.md#prior).
std::vector<std::size_t> Hybrid::visiting_order() const {
  std::vector<std::size_t> order;
  const auto add = [&](std::size_t arm) {
    if (arm < grid_.arms() && std::ranges::count(order, arm) == 0) order.push_back(arm);
  };
  if (incumbent_) add(grid_.arm(*incumbent_));
  for (std::size_t arm = 0; arm < grid_.arms(); ++arm) add(arm);
  return order;
}

/// The arm's seeds from elsewhere that the space has.
std::vector<std::size_t> Hybrid::seeds(std::size_t arm) const {
  std::vector<std::size_t> found;
  for (const Candidate& candidate : options_.prior.promising) {
    const auto point = candidate.arm == arm ? grid_.find(candidate) : std::nullopt;
    if (point) found.push_back(*point);
  }
  return found;
}

/// An answer comes first: what is spent on visits is not spent on telling the best arms apart. Nor
/// is an arm entered that could not be measured.
bool Hybrid::visits_are_over(std::size_t arm) const {
  if (beliefs_.measured().empty()) return false;
  const double entering = (costs_.loaded(arm) ? 0 : costs_.switch_seconds(arm)) +
                          windows_to_enter * costs_.seconds(StepKind::window);
  if (costs_.seconds_left() < entering) return true;
  const bool passed_over = !options_.prior.promising.empty() && seeds(arm).empty();
  return costs_.spent() >= (passed_over ? passed_over_share : entering_share);
}

Hybrid::Plan Hybrid::visit_arms() {
  const std::vector<std::size_t> order = visiting_order();
  for (std::size_t turn = 0; turn < order.size(); ++turn) {
    const std::size_t arm = order[turn];
    if (arms_[arm].visited) continue;
    // What the arms before it left over is an arm's own; the later ones' part is not.
    const double until =
        visits_share * static_cast<double>(turn + 1) / static_cast<double>(order.size());
    if (grid_.begin(arm) < grid_.end(arm) && (arms_[arm].begun || !visits_are_over(arm))) {
      arms_[arm].begun = true;
      if (auto step = visit(arm, until)) return step;
    }
    arms_[arm].visited = true;
  }
  return std::nullopt;
}

/// What comes next in the arm, whose edges are probed up to `until` of the budget: and beyond it
/// for as long as a window takes, since an arm of which nothing is known was entered for nothing.
Hybrid::Plan Hybrid::visit(std::size_t arm, double until) {
  if (auto step = last_chance(arm)) return step;
  for (const auto part : {&Hybrid::find_frontier, &Hybrid::find_latency_limit, &Hybrid::probe_edges,
                          &Hybrid::first_window, &Hybrid::probe_edges}) {
    if (!beliefs_.arm_open(arm)) break;
    const double probing = arms_[arm].probes * costs_.seconds(StepKind::probe);
    const bool enough = costs_.spent() >= until && probing >= costs_.seconds(StepKind::window);
    if (part == &Hybrid::probe_edges && enough) continue;
    if (auto step = (this->*part)(arm)) return step;
  }
  return std::nullopt;
}

/// While nothing was measured and little is left: a window of what is known to run.
Hybrid::Plan Hybrid::last_chance(std::size_t arm) {
  const auto left = costs_.windows_in_time();
  if (!left || *left >= last_windows || !beliefs_.measured().empty()) return std::nullopt;
  const auto point = fastest_known(arm) ? fastest_known(arm) : largest_open(arm);
  return point ? step(StepKind::window, *point) : std::nullopt;
}

Hybrid::Plan Hybrid::find_frontier(std::size_t arm) {
  const auto point = beliefs_.memory().next(arm, frontier_tolerance);
  return point ? step(StepKind::fit, *point) : std::nullopt;
}

Hybrid::Plan Hybrid::find_latency_limit(std::size_t arm) {
  const auto point = probing_pays() ? beliefs_.latency_edge(arm) : std::nullopt;
  return point ? step(StepKind::probe, *point) : std::nullopt;
}

bool Hybrid::hopeless(std::size_t arm, double ratio) const {
  const auto best = std::ranges::min_element(arms_, {}, &ArmVisit::ms_per_row);
  return arms_[arm].ms_per_row > ratio * best->ms_per_row;
}

/// The arm's largest point that is known to fit and may be fast enough.
std::optional<std::size_t> Hybrid::largest_open(std::size_t arm) const {
  const auto fits = beliefs_.memory().largest_fit(arm);
  if (!fits) return std::nullopt;
  for (std::size_t point = *fits + 1; point-- > grid_.begin(arm);) {
    if (beliefs_.open(point)) return point;
  }
  return std::nullopt;
}

Hybrid::Plan Hybrid::probe_edges(std::size_t arm) {
  const auto last = largest_open(arm);
  if (!last || !probing_pays()) return std::nullopt;
  std::vector<std::size_t> points{*last};
  std::ranges::copy(seeds(arm), std::back_inserter(points));
  std::ranges::copy(edge_points(grid_, arm, *last, options_.units_per_row, options_.prior.edges),
                    std::back_inserter(points));
  const bool blind = !costs_.known(StepKind::window);
  for (const std::size_t point : points) {
    if (beliefs_.latency().known(point) || !beliefs_.open(point)) continue;
    if (arms_[arm].probes >= first_probes && hopeless(arm, hopeless_at_first)) return std::nullopt;
    if (blind && costs_.probing_seconds() > blind_probing_seconds) return std::nullopt;
    return step(StepKind::probe, point);
  }
  return std::nullopt;
}

/// The point of the least known time per row: there power is told where it matters.
std::optional<std::size_t> Hybrid::fastest_known(std::size_t arm) const {
  std::optional<std::size_t> fastest;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t point = grid_.begin(arm); point < grid_.end(arm); ++point) {
    if (!beliefs_.open(point) || !beliefs_.latency().known(point)) continue;
    const double per_row = beliefs_.latency().at(point)->mean - grid_.log_batch(point);
    if (per_row >= least) continue;
    least = per_row;
    fastest = point;
  }
  return fastest;
}

Hybrid::Plan Hybrid::first_window(std::size_t arm) {
  if (hopeless(arm, hopeless_ratio)) return std::nullopt;
  for (const std::size_t point : beliefs_.measured()) {
    if (grid_.arm(point) == arm && beliefs_.answers(point)) return std::nullopt;
  }
  // With fewer windows than arms those of the least time per row come first; exploring finds them.
  // Where seconds are few, the arm that is loaded is the cheapest to measure.
  const auto counted = options_.budget.windows;
  const bool scarce = counted && *counted < 2 * static_cast<double>(grid_.arms());
  if (scarce && probing_pays() && !beliefs_.measured().empty()) return std::nullopt;
  auto point = probing_pays() ? fastest_known(arm) : std::nullopt;
  if (!point) point = beliefs_.latency_edge(arm);
  if (!point) point = largest_open(arm);
  return point && beliefs_.windows(*point) == 0 ? step(StepKind::window, *point) : std::nullopt;
}

/// Windows over the whole range: the surrogates alone would climb the nearest plateau.
Hybrid::Plan Hybrid::shape_windows(std::size_t arm) {
  const auto planned = costs_.windows_planned();
  const auto needed = windows_for_shape * halvings * static_cast<double>(grid_.arms());
  const auto largest = largest_open(arm);
  if (probing_pays() || !largest || (planned && *planned < needed)) return std::nullopt;
  if (hopeless(arm, hopeless_without_shape)) return std::nullopt;
  std::vector<std::size_t> points = seeds(arm);
  for (int i = 1; i <= halvings; ++i) {
    const auto point = grid_.at_most(arm, std::ldexp(grid_.batch(*largest), -i));
    if (point) points.push_back(*point);
  }
  const auto untried = std::ranges::find_if(points, [&](std::size_t point) {
    return beliefs_.open(point) && beliefs_.windows(point) == 0;
  });
  return untried == points.end() ? std::nullopt : step(StepKind::window, *untried);
}

Hybrid::Plan Hybrid::shape_arms() {
  if (explored_) return std::nullopt;
  for (const std::size_t arm : visiting_order()) {
    if (!beliefs_.arm_open(arm)) continue;
    if (auto step = shape_windows(arm)) return step;
  }
  return std::nullopt;
}

}  // namespace autotune
