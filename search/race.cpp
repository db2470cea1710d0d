#include "search/race.hpp"

#include <algorithm>

#include "search/shuffle_by_arm.hpp"

namespace autotune {

Race::Race(std::vector<Candidate> entrants, Options options)
    : options_(std::move(options)), generator_(options_.seed) {
  for (const Candidate& entrant : entrants) add(entrant);
}

std::optional<std::size_t> Race::index(const Candidate& candidate) const {
  const auto found = std::ranges::find(entrants_, candidate);
  if (found == entrants_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - entrants_.begin());
}

void Race::add(const Candidate& candidate) {
  if (const auto known = index(candidate)) {
    racing_[*known] = true;
    return;
  }
  entrants_.push_back(candidate);
  racing_.push_back(true);
}

void Race::drop(const Candidate& candidate) {
  if (const auto known = index(candidate)) racing_[*known] = false;
}

bool Race::racing(const Candidate& candidate) const {
  const auto known = index(candidate);
  return known && racing_[*known];
}

std::size_t Race::left() const {
  return static_cast<std::size_t>(std::ranges::count(racing_, true));
}

RoundComparison Race::compare() const { return compare_rounds(windows_, options_.comparison); }

std::optional<Candidate> Race::next() {
  while (!settled_) {
    while (!queue_.empty()) {
      if (racing(queue_.back())) return queue_.back();
      queue_.pop_back();
    }
    if (round_ > 0) thin();
    if (settled_ || left() < 2 || round_ >= options_.max_rounds) return std::nullopt;
    start_round();
  }
  return std::nullopt;
}

void Race::tell(const Candidate& candidate, const Outcome& outcome) {
  const auto known = index(candidate);
  if (!known) return;
  std::erase(queue_, candidate);
  last_arm_ = candidate.arm;
  if (outcome.status != TrialStatus::ok || !outcome.joules_per_unit) {
    racing_[*known] = false;
    return;
  }
  windows_.push_back({*known, static_cast<std::size_t>(round_), *outcome.joules_per_unit});
}

void Race::thin() {
  if (!is_look(static_cast<std::size_t>(round_))) return;
  const RoundComparison comparison = compare();
  settled_ = comparison.settled();
  for (std::size_t i = 0; i < entrants_.size(); ++i) {
    if (racing_[i] && comparison.may_drop(i)) racing_[i] = false;
  }
}

void Race::start_round() {
  ++round_;
  for (std::size_t i = 0; i < entrants_.size(); ++i) {
    if (racing_[i]) queue_.push_back(entrants_[i]);
  }
  shuffle_by_arm(queue_, generator_, [](const Candidate& c) { return c.arm; });
  // The arm that is loaded last in the queue, since it is taken from there.
  std::stable_partition(queue_.begin(), queue_.end(),
                        [&](const Candidate& c) { return c.arm != last_arm_; });
}

}  // namespace autotune
