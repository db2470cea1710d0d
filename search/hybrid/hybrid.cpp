#include "search/hybrid/hybrid.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "search/hybrid/acquisition.hpp"
#include "search/hybrid/candidates.hpp"
#include "search/searchers.hpp"

namespace autotune {
namespace {

// A third of the budget is the race's (research on search, section 7, step 0).
constexpr double exploration_share = 0.65;

// With so few windows every one of them is a finalist's.
constexpr double few_windows = 6;

// The edge of what fits is found to 2 % at first.
constexpr double frontier_tolerance = 0.02;

// A probe must be this much cheaper than a window to be worth its noise.
constexpr double cheap_probe = 0.25;

// What may be probed before the first window tells what a probe costs beside it.
constexpr double blind_probing_seconds = 3;

// Probing may take half as long as the windows do.
constexpr double probing_share = 0.5;
constexpr double least_probing_seconds = 8;

// An arm with four times the best one's time per row cannot win it back by drawing less power: what
// was recorded of one device differs by up to 3.4 (GB200, nvfp4 and bf16 products, all short). Its
// first probes may miss its edges, and those may be worth another factor of two.
constexpr double hopeless_ratio = 4;
constexpr double hopeless_at_first = 8;

// Gains below it are not worth a window (research on search, section 7, step 7).
constexpr double least_gain = 0.001;

constexpr std::size_t neighbours = 2;  // On either side, looked at before the race.
constexpr double most_entrants = 12;
constexpr int most_rounds = 30;
// A model may be wrong: with this chance a batch that has no measured one near draws this much more
// or less than a smooth curve says (GB200, nvfp4 at 1,792 and 1,793 rows: 16 %).
constexpr double chance_of_unforeseen = 0.2;
constexpr double unforeseen = 0.1;

// With so many windows left the reference stays in the race, whose ratio is asked for.
constexpr double plenty_of_windows = 10;
constexpr double least_entrant_gain = 0.0003;

}  // namespace

Hybrid::Hybrid(SearchSpace space, SearchOptions options)
    : options_(std::move(options)),
      grid_(space),
      beliefs_(grid_, options_),
      costs_(options_.budget),
      visited_(grid_.arms()),
      visit_probes_(grid_.arms()),
      visit_latency_(grid_.arms(), std::numeric_limits<double>::infinity()) {
  if (options_.incumbent) incumbent_ = grid_.find(*options_.incumbent);
}

std::optional<Step> Hybrid::ask() {
  constexpr Plan (Hybrid::*phases[])() = {&Hybrid::measure_incumbent, &Hybrid::visit_arms,
                                          &Hybrid::explore, &Hybrid::look_beside,
                                          &Hybrid::race};
  if (!ended_.empty()) return std::nullopt;
  for (const auto phase : phases) {
    if (auto step = (this->*phase)()) return step;
  }
  if (ended_.empty()) ended_ = "nothing left can matter";
  return std::nullopt;
}

Hybrid::Plan Hybrid::step(StepKind kind, std::size_t point, int round) {
  if (!costs_.affordable(kind, grid_.arm(point))) return std::nullopt;
  return Step{next_id_++, kind, grid_.candidate(point), round, 0};
}

void Hybrid::tell(const Step& step, const Outcome& outcome) {
  costs_.learn(step, outcome);
  beliefs_.learn(step, outcome, costs_.spent_seconds());
  const std::size_t arm = step.candidate.arm;
  if (outcome.latency_ms) {
    visit_latency_[arm] = std::min(visit_latency_[arm], *outcome.latency_ms / step.candidate.batch);
  }
  if (incumbent_ && step.candidate == options_.incumbent) incumbent_tried_ = true;
  if (step.kind == StepKind::probe) ++visit_probes_[arm];
  if (race_ && step.round > 0) race_->tell(step.candidate, outcome);
}

Hybrid::Plan Hybrid::measure_incumbent() {
  if (!incumbent_ || incumbent_tried_) return std::nullopt;
  return step(StepKind::window, *incumbent_);
}

// ---- visiting the arms

/// The incumbent's arm is loaded; then what was good elsewhere; then as they come.
std::vector<std::size_t> Hybrid::visiting_order() const {
  std::vector<std::size_t> order;
  const auto add = [&](std::size_t arm) {
    if (arm < grid_.arms() && std::ranges::count(order, arm) == 0) order.push_back(arm);
  };
  if (incumbent_) add(grid_.arm(*incumbent_));
  for (const Candidate& candidate : options_.prior.promising) add(candidate.arm);
  for (std::size_t arm = 0; arm < grid_.arms(); ++arm) add(arm);
  return order;
}

Hybrid::Plan Hybrid::visit_arms() {
  for (const std::size_t arm : visiting_order()) {
    if (visited_[arm]) continue;
    if (grid_.begin(arm) < grid_.end(arm)) {
      for (const auto part : {&Hybrid::find_frontier, &Hybrid::find_latency_limit,
                              &Hybrid::probe_edges, &Hybrid::first_window, &Hybrid::probe_edges}) {
        if (!beliefs_.arm_open(arm)) break;
        if (auto step = (this->*part)(arm)) return step;
      }
    }
    visited_[arm] = true;
  }
  return std::nullopt;
}

Hybrid::Plan Hybrid::find_frontier(std::size_t arm) {
  const auto point = beliefs_.memory().next(arm, frontier_tolerance);
  return point ? step(StepKind::fit, *point) : std::nullopt;
}

Hybrid::Plan Hybrid::find_latency_limit(std::size_t arm) {
  if (!probing_pays()) return std::nullopt;
  const auto point = beliefs_.latency_edge(arm);
  return point ? step(StepKind::probe, *point) : std::nullopt;
}

bool Hybrid::hopeless(std::size_t arm, double ratio) const {
  return visit_latency_[arm] > ratio * *std::ranges::min_element(visit_latency_);
}

std::vector<std::size_t> Hybrid::seeds(std::size_t arm) const {
  std::vector<std::size_t> found;
  for (const Candidate& candidate : options_.prior.promising) {
    const auto point = candidate.arm == arm ? grid_.find(candidate) : std::nullopt;
    if (point && beliefs_.open(*point)) found.push_back(*point);
  }
  return found;
}

Hybrid::Plan Hybrid::probe_edges(std::size_t arm) {
  if (!probing_pays()) return std::nullopt;
  const auto largest = beliefs_.memory().largest_fit(arm);
  if (!largest) return std::nullopt;
  std::vector<std::size_t> points = seeds(arm);
  points.push_back(*largest);
  for (const std::size_t point :
       edge_points(grid_, arm, *largest, options_.units_per_row, options_.prior.edges)) {
    points.push_back(point);
  }
  for (const std::size_t point : points) {
    if (beliefs_.latency().known(point) || !beliefs_.open(point)) continue;
    // The largest batch tells whether the others are worth a probe.
    if (visit_probes_[arm] >= 2 && hopeless(arm, hopeless_at_first)) return std::nullopt;
    // The first window tells what a probe costs beside it.
    if (costs_.probing_seconds() > blind_probing_seconds && !costs_.known(StepKind::window)) {
      return std::nullopt;
    }
    return step(StepKind::probe, point);
  }
  return std::nullopt;
}

Hybrid::Plan Hybrid::first_window(std::size_t arm) {
  if (hopeless(arm, hopeless_ratio)) return std::nullopt;
  for (std::size_t point = grid_.begin(arm); point < grid_.end(arm); ++point) {
    if (beliefs_.windows(point) > 0) return std::nullopt;
  }
  update();
  std::optional<std::size_t> best;
  double least = std::numeric_limits<double>::infinity();
  for (const std::size_t point : open_points(arm)) {
    if (!beliefs_.latency().known(point)) continue;
    const double per_row = beliefs_.latency().at(point)->mean - std::log(grid_.batch(point));
    if (per_row < least) {
      least = per_row;
      best = point;
    }
  }
  if (!best) best = beliefs_.memory().largest_fit(arm);
  if (!best || !beliefs_.open(*best)) return std::nullopt;
  return step(StepKind::window, *best);
}

// ---- exploring

bool Hybrid::probing_pays() const {
  if (!beliefs_.latency_is_precise()) return false;
  if (!costs_.known(StepKind::probe) || !costs_.known(StepKind::window)) return true;
  return costs_.seconds(StepKind::probe) < cheap_probe * costs_.seconds(StepKind::window);
}

double Hybrid::probing_allowance() const {
  const auto windows = costs_.windows_planned();
  if (!windows) return std::numeric_limits<double>::infinity();
  return std::max(least_probing_seconds,
                  probing_share * *windows * costs_.seconds(StepKind::window));
}

bool Hybrid::may_probe() const { return costs_.probing_seconds() < probing_allowance(); }

void Hybrid::update() const { beliefs_.update(probing_pays()); }

std::vector<std::size_t> Hybrid::open_points(std::optional<std::size_t> arm) const {
  std::vector<std::size_t> points;
  for (std::size_t point = 0; point < grid_.size(); ++point) {
    if (arm && grid_.arm(point) != *arm) continue;
    if (beliefs_.open(point)) points.push_back(point);
  }
  return points;
}

/// What looking at `point` promises, and at what price. A latency that is not known is probed
/// first: it is cheap, and settles more than a window would.
Hybrid::Choice Hybrid::rate(std::size_t point, const Beliefs::Gap& gap) const {
  Choice choice{.point = point};
  choice.probe = probing_pays() && !beliefs_.latency().known(point);
  const std::size_t arm = grid_.arm(point);
  const double seconds = costs_.seconds_in(choice.probe ? StepKind::probe : StepKind::window, arm);
  if (choice.probe) {
    // Power a deviation up or down; latency still at its lower bound, or anywhere above.
    const double deviation = std::sqrt(gap.power.variance);
    for (const double power : {gap.power.mean - deviation, gap.power.mean + deviation}) {
      const double low = std::max(0.0, -(power + gap.low));
      const double anywhere = expected_improvement(power + gap.low, power + gap.high, 0);
      choice.gain +=
          0.5 * (gap.chance_of_low * low + (1 - gap.chance_of_low) * anywhere);
    }
  } else {
    const Belief all = gap.all();
    const double apart = unforeseen * (1 - beliefs_.nearness(point));
    choice.gain = (1 - chance_of_unforeseen) * expected_improvement(all, 0) +
                  chance_of_unforeseen *
                      expected_improvement({all.mean, all.variance + apart * apart}, 0);
  }
  choice.gain_per_second = choice.gain / seconds;
  return choice;
}

std::optional<Hybrid::Choice> Hybrid::choose() const {
  update();
  const bool probes_left = may_probe();
  std::optional<Choice> chosen;
  for (std::size_t point = 0; point < grid_.size(); ++point) {
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
  const std::size_t arm = grid_.arm(point);
  const auto below = beliefs_.latency().known_below(point);
  const auto above = beliefs_.latency().known_above(point);
  if (!below || !above) return point;
  return std::clamp((*below + *above) / 2, grid_.begin(arm), grid_.end(arm) - 1);
}

/// A gap to the best one is told by a window of either.
std::size_t Hybrid::less_known(std::size_t point) const {
  const std::size_t best = *beliefs_.best();
  return beliefs_.windows(point) > beliefs_.windows(best) ? best : point;
}

bool Hybrid::exploration_is_over() {
  if (explored_) return true;
  const auto left = costs_.windows_left();
  const auto planned = costs_.windows_planned();
  const double share = options_.race ? exploration_share : 1;  // Else the race is the driver's.
  explored_ = costs_.spent() >= share || (options_.race && planned && *planned <= few_windows) ||
              (left && *left < 2);
  return explored_;
}

Hybrid::Plan Hybrid::explore() {
  if (exploration_is_over()) return std::nullopt;
  const auto choice = choose();
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

// ---- racing

std::vector<std::size_t> Hybrid::entrants(std::size_t most) const {
  std::vector<std::size_t> chosen;
  const auto add = [&](std::optional<std::size_t> point) {
    if (!point || chosen.size() >= most || !beliefs_.open(*point)) return;
    if (std::ranges::count(chosen, *point) == 0) chosen.push_back(*point);
  };
  std::vector<std::pair<double, std::size_t>> by_gain, by_mean, powers;
  for (std::size_t point = 0; point < grid_.size(); ++point) {
    const auto gap = beliefs_.gap(point);
    if (!gap || !beliefs_.open(point)) continue;
    if (probing_pays() && !beliefs_.latency().known(point)) continue;
    const Belief all = gap->all();
    by_mean.emplace_back(all.mean, point);
    const double gain = expected_improvement(all, 0);
    if (gain > least_entrant_gain) by_gain.emplace_back(-gain, point);
    if (is_power_of_two(grid_.batch(point))) powers.emplace_back(all.mean, point);
  }
  std::ranges::sort(by_gain);
  std::ranges::sort(powers);
  if (by_mean.empty()) return chosen;
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

/// Enough rounds for those who race: at least two of each, where the budget allows.
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

/// Leaves out who is unlikely to be the best after all that is known, not only the rounds, and lets
/// in who has become likely.
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
  if (!options_.race) {
    ended_ = "explored: the finalists are the driver's to race";
    return std::nullopt;
  }
  if (!race_) start_race();
  if (race_->round_ended() && race_->round() > 0) thin_race();
  const auto next = race_->next();
  if (!next) return std::nullopt;
  return step(StepKind::window, *grid_.find(*next), race_->round());
}

// ---- answers

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
  const Belief gap = beliefs_.gap_between(*best, *other);
  const double half = student_t_quantile(0.975, beliefs_.degrees()) * std::sqrt(gap.variance);
  verdict.ratio = Ratio{std::exp(gap.mean), {std::exp(gap.mean - half), std::exp(gap.mean + half)}};
  return verdict;
}

std::vector<Candidate> Hybrid::finalists() const {
  update();
  std::vector<Candidate> found;
  for (const std::size_t point : entrants(most_entrants)) found.push_back(grid_.candidate(point));
  return found;
}

std::optional<ClosestMiss> Hybrid::closest_miss() const {
  update();
  return beliefs_.best() ? std::nullopt : beliefs_.closest_miss();
}

std::unique_ptr<Searcher> make_hybrid(SearchSpace space, SearchOptions options) {
  return std::make_unique<Hybrid>(std::move(space), std::move(options));
}

}  // namespace autotune
