// How the hybrid searcher ends: who races, who leaves and who comes in late.
#include <algorithm>
#include <cmath>

#include "search/hybrid/acquisition.hpp"
#include "search/hybrid/candidates.hpp"
#include "search/hybrid/hybrid.hpp"

namespace autotune {
namespace {

constexpr double most_entrants = 12;  // More could not have two rounds each.
constexpr int most_rounds = 30;

// Expected gains below it are lost in the indifference zone whatever the windows say.
constexpr double least_entrant_gain = 0.0003;

// With so many windows left the reference stays in the race, whose ratio is asked for.
constexpr double plenty_of_windows = 10;

}  // namespace

std::vector<std::size_t> Hybrid::entrants(std::size_t most) const {
  std::vector<std::size_t> chosen;
  const auto add = [&](std::optional<std::size_t> point) {
    if (!point || chosen.size() >= most || !beliefs_.open(*point)) return;
    if (std::ranges::count(chosen, *point) == 0) chosen.push_back(*point);
  };
  std::vector<std::pair<double, std::size_t>> by_gain, by_mean, powers;
  for (const std::size_t point : beliefs_.weighed()) {
    const auto gap = beliefs_.gap(point);
    if (!gap || !beliefs_.open(point)) continue;
    if (probing_pays() && !beliefs_.latency().known(point)) continue;
    const Belief all = gap->all();
    by_mean.emplace_back(all.mean, point);
    const double gain = expected_improvement(all, 0);
    if (gain > least_entrant_gain) by_gain.emplace_back(-gain, point);
    if (is_power_of_two(grid_.batch(point))) powers.emplace_back(all.mean, point);
  }
  if (by_mean.empty()) return chosen;
  std::ranges::sort(by_gain);
  std::ranges::sort(powers);
  const std::size_t best = std::ranges::min(by_mean).second;
  add(best);
  add(beliefs_.best());
  if (!powers.empty() && beliefs_.windows(powers.front().second) == 0) add(powers.front().second);
  add(incumbent_);
  for (const auto& [gain, point] : by_gain) add(point);
  if (best + 1 < grid_.end(grid_.arm(best))) add(best + 1);
  if (best > grid_.begin(grid_.arm(best))) add(best - 1);
  add(beliefs_.memory().largest_fit(grid_.arm(best)));
  return chosen;
}

std::vector<Candidate> Hybrid::finalists() const {
  update();
  std::vector<Candidate> found;
  for (const std::size_t point : entrants(static_cast<std::size_t>(most_entrants))) {
    found.push_back(grid_.candidate(point));
  }
  return found;
}

/// So many that each can have two rounds, where the budget allows.
std::size_t Hybrid::places() const {
  const double left = costs_.windows_left().value_or(2 * most_entrants);
  return static_cast<std::size_t>(std::clamp(left / 2, 2.0, most_entrants));
}

void Hybrid::start_race() {
  update();
  std::vector<Candidate> racing;
  for (const std::size_t point : entrants(places())) racing.push_back(grid_.candidate(point));
  race_.emplace(std::move(racing),
                Race::Options{.seed = options_.seed,
                              .max_rounds = most_rounds,
                              .comparison = {.indifference = options_.indifference}});
}

/// After each round: leaves out who is unlikely to be the best after all that is known, not only
/// the rounds, and lets in who has become likely.
void Hybrid::thin_race() {
  update();
  const auto best = beliefs_.best();
  if (!best || thinned_ == race_->round()) return;
  thinned_ = race_->round();
  const bool plenty = costs_.windows_left().value_or(plenty_of_windows) >= plenty_of_windows;
  const auto kept = plenty ? reference(*best) : std::nullopt;
  for (const Candidate& entrant : race_->entrants()) {
    const auto point = grid_.find(entrant);
    if (point == best || point == kept) continue;
    const Belief gap = beliefs_.gap_between(*point, *best);
    if (expected_improvement(gap, 0) < least_entrant_gain) race_->drop(entrant);
  }
  for (const std::size_t point : entrants(places())) {
    if (race_->left() >= places()) break;
    race_->add(grid_.candidate(point));
  }
  race_->add(grid_.candidate(*best));
}

Hybrid::Plan Hybrid::race() {
  if (!options_.race) return std::nullopt;
  if (!race_) start_race();
  for (int refused = 0; refused <= static_cast<int>(most_entrants); ++refused) {
    if (race_->round_ended() && race_->round() > 0) thin_race();
    const auto next = race_->next();
    if (!next) return std::nullopt;
    if (auto window = step(StepKind::window, *grid_.find(*next), race_->round())) return window;
    race_->drop(*next);  // A switch to its arm is too dear by now; the loaded arm's go on.
  }
  return std::nullopt;
}

}  // namespace autotune
