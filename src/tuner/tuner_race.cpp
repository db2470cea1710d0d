// The race of a tune: who enters, how long it goes on, and what its windows say.
#include <algorithm>

#include "autotune/comparison.hpp"
#include "tuner/conclusion.hpp"
#include "tuner/confirmation.hpp"
#include "tuner/race.hpp"
#include "tuner/tuner.hpp"

namespace autotune {
namespace {

constexpr std::size_t max_finalists = 5;

// The race keeps 35 % of the time (research on search: less leaves the finalists unresolved), and
// beyond `quick` what five rounds, its first look, of all entrants take, up to a half.
constexpr double race_share = 0.35;
constexpr double most_race_share = 0.5;
constexpr std::size_t entrants_expected = 8;
// The confirmation's 220 s of the 500 s without which there is no `full`.
constexpr double most_confirmation_share = 0.44;
constexpr std::size_t rounds_of_first_look = 5;
// So much longer than its window of the search may one of the race take: without, the last round of
// a look would not be begun for want of a second.
constexpr double slower_in_race = 1.1;

std::size_t race_rounds(Effort effort) {
  return effort == Effort::quick ? 5 : effort == Effort::standard ? 12 : 15;
}

}  // namespace

void Tuner::race_finalists() {
  steps_->enter("race");
  const std::vector<Config> entrants = finalists();
  if (entrants.empty()) return;
  double round_seconds = 0;
  double round_started = spent_seconds();
  race_rounds_ = race(
      entrants, race_rounds(effort_), options_.seed,
      [&](const Config& config) { return race_window(config); },
      [&] {
        round_seconds = spent_seconds() - round_started;
        round_started = spent_seconds();
        // A round that would not end within the budget is not begun.
        return may_spend(race_ends_at() - round_seconds);
      },
      [&](std::size_t rounds, std::vector<Config>& left) { compare(rounds, left); });
  if (race_rounds_ >= min_race_rounds) return;
  complete_ = false;
  warnings_.push_back(why_over() +
                      " before the finalists were compared in two rounds: the answer is "
                      "unconfirmed.");
}

// Finalists that are told apart leave, but not before every one had the rounds of a look.
void Tuner::compare(std::size_t rounds, std::vector<Config>& finalists) {
  if (rounds < min_race_rounds) return;
  standings_.emplace(book_, options_.constraints);
  for (const Config& config : standings_->configs()) {
    if (const auto estimate = standings_->estimate(config)) book_.set_estimate(config, *estimate);
  }
  if (!is_look(rounds)) return;
  if (standings_->settled()) {
    finalists.clear();
  } else {
    std::erase_if(finalists, [&](const Config& config) { return standings_->may_drop(config); });
  }
}

bool Tuner::race_window(const Config& config) {
  if (!may_spend(race_ends_at())) return false;
  report(config);
  const Window window = steps_->window(config);
  book_.add_race(config, window);
  return window.status == TrialStatus::ok;
}

/// Whom the race is about, the most important first: the best so far, what it is compared with, and
/// what may beat it.
std::vector<Config> Tuner::entrants() const {
  const auto trials = book_.trials();
  const std::vector<Trial> best = ranked();
  std::vector<Config> wanted;
  const auto add = [&](const std::optional<Trial>& trial) {
    if (trial && trial->measurement) wanted.push_back(trial->config);
  };
  if (!best.empty()) wanted.push_back(best.front().config);
  add(book_.find(incumbent_));
  add(book_.find(fp32_smallest_batch_));
  if (!best.empty()) add(lossy_best(best.front()));
  // In turns: what the searcher expects, often neighbours of one another, and what was measured.
  for (std::size_t i = 0; i < std::max(promising_.size(), max_finalists); ++i) {
    if (i < promising_.size()) wanted.push_back(promising_[i]);
    if (i + 1 < std::min(best.size(), max_finalists)) wanted.push_back(best[i + 1].config);
  }
  add(fastest(trials));
  add(largest_batch(trials));
  return wanted;
}

std::vector<Config> Tuner::finalists() const {
  std::vector<Config> chosen;
  double seconds_left =
      (race_ends_at() - spent_seconds()) /
      static_cast<double>(effort_ == Effort::quick ? min_race_rounds : rounds_of_first_look);
  for (const Config& config : entrants()) {
    if (std::ranges::count(chosen, config)) continue;
    const double cost = slower_in_race * step_seconds(config);
    if (chosen.size() >= 2 && cost > seconds_left) continue;
    seconds_left -= cost;
    chosen.push_back(config);
  }
  return chosen;
}

double Tuner::search_ends_at() const {
  double share = race_share;
  if (effort_ != Effort::quick && !step_seconds_.empty()) {
    const double race = rounds_of_first_look * entrants_expected * median_step_seconds();
    share = std::clamp(race / race_ends_at(), race_share, most_race_share);
  }
  return (1 - share) * race_ends_at();
}

double Tuner::race_ends_at() const {
  if (effort_ != Effort::full) return budget_seconds_;
  const double pace = spend_.seconds() > 0 ? spent_seconds() / spend_.seconds() : 1;
  return budget_seconds_ - std::min(pace * ConfirmationOptions{}.seconds(),
                                    most_confirmation_share * budget_seconds_);
}

// What was never measured is expected to take what the others took.
double Tuner::step_seconds(const Config& config) const {
  const auto known = std::ranges::find(step_seconds_, config, &std::pair<Config, double>::first);
  return known == step_seconds_.end() ? median_step_seconds() : known->second;
}

double Tuner::median_step_seconds() const {
  if (step_seconds_.empty()) return 0;
  std::vector<double> all;
  for (const auto& [config, seconds] : step_seconds_) all.push_back(seconds);
  return quantile(all, 0.5);
}

}  // namespace autotune
