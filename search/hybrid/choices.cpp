// What the hybrid searcher takes to be worth a look, and at what price.
#include <algorithm>
#include <cmath>

#include "search/hybrid/acquisition.hpp"
#include "search/hybrid/hybrid.hpp"

namespace autotune {
namespace {

// A probe must be this much cheaper than a window to be worth its noise.
constexpr double cheap_probe = 0.25;

// Probing may take half as long as the windows do.
constexpr double probing_share = 0.5;
constexpr double least_probing_seconds = 8;

// A model may be wrong: with this chance a batch that has no measured one near draws this much more
// or less than a smooth curve says (GB200, nvfp4 at 1,792 and 1,793 rows: 16 %).
constexpr double chance_of_unforeseen = 0.2;
constexpr double unforeseen = 0.1;

/// A probe settles the latency: still at its lower bound, or anywhere above. Power stays a
/// deviation up or down.
double gain_of_probe(const Beliefs::Gap& gap) {
  const double deviation = std::sqrt(gap.power.variance);
  double gain = 0;
  for (const double power : {gap.power.mean - deviation, gap.power.mean + deviation}) {
    const double at_low = std::max(0.0, -(power + gap.low));
    const double anywhere = expected_improvement(power + gap.low, power + gap.high, 0);
    gain += 0.5 * (gap.chance_of_low * at_low + (1 - gap.chance_of_low) * anywhere);
  }
  return gain;
}

double gain_of_window(const Belief& gap, double nearness) {
  const double apart = unforeseen * (1 - nearness);
  const Belief wider{gap.mean, gap.variance + apart * apart};
  return (1 - chance_of_unforeseen) * expected_improvement(gap, 0) +
         chance_of_unforeseen * expected_improvement(wider, 0);
}

}  // namespace

bool Hybrid::probing_pays() const {
  if (!probes_tell_ || !beliefs_.latency_is_precise()) return false;
  if (!costs_.known(StepKind::probe) || !costs_.known(StepKind::window)) return true;
  return costs_.seconds(StepKind::probe) < cheap_probe * costs_.seconds(StepKind::window);
}

bool Hybrid::may_probe() const {
  const auto windows = costs_.windows_planned();
  if (!windows) return true;
  const double windows_take = *windows * costs_.seconds(StepKind::window);
  return costs_.probing_seconds() < std::max(least_probing_seconds, probing_share * windows_take);
}

void Hybrid::update() const { beliefs_.update(probing_pays()); }

/// A latency that is not known is probed first: it is cheap, and settles more than a window would.
Hybrid::Choice Hybrid::rate(std::size_t point, const Beliefs::Gap& gap) const {
  Choice choice{.point = point};
  choice.probe = probing_pays() && !beliefs_.latency().known(point);
  choice.gain =
      choice.probe ? gain_of_probe(gap) : gain_of_window(gap.all(), beliefs_.nearness(point));
  const StepKind kind = choice.probe ? StepKind::probe : StepKind::window;
  choice.gain_per_second = choice.gain / costs_.seconds_in(kind, grid_.arm(point));
  return choice;
}

std::optional<Hybrid::Choice> Hybrid::choose() const {
  update();
  const bool probes_left = may_probe();
  std::optional<Choice> chosen;
  for (const std::size_t point : beliefs_.weighed()) {
    const auto gap = beliefs_.gap(point);
    if (!gap || !beliefs_.open(point) || point == beliefs_.best()) continue;
    const Choice choice = rate(point, *gap);
    if (choice.probe && !probes_left) continue;
    if (!chosen || choice.gain_per_second > chosen->gain_per_second) chosen = choice;
  }
  return chosen;
}

/// The middle of the unknown stretch round `point`: wherever in it latency jumps, half of it is
/// told apart, while the most promising point, the last one, would tell of itself alone.
std::size_t Hybrid::middle_of_unknown(std::size_t point) const {
  const auto below = beliefs_.latency().known_below(point);
  const auto above = beliefs_.latency().known_above(point);
  return below && above ? (*below + *above) / 2 : point;
}

/// A gap to the best one is told by a window of either.
std::size_t Hybrid::less_known(std::size_t point) const {
  const std::size_t best = *beliefs_.best();
  return beliefs_.windows(point) > beliefs_.windows(best) ? best : point;
}

}  // namespace autotune
