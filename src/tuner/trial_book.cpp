#include "tuner/trial_book.hpp"

#include <algorithm>

namespace autotune {

void TrialBook::add(const Config& config, const Window& window) {
  Entry& entry = this->entry(config);
  if (window.status == TrialStatus::ok) {
    entry.search.push_back(window);
  } else {
    entry.status = window.status;
    entry.reason = window.reason;
  }
}

void TrialBook::add_race(const Config& config, const Window& window) {
  Entry& entry = this->entry(config);
  if (window.status == TrialStatus::ok) {
    entry.race.push_back(window);
  } else {
    entry.status = window.status;
    entry.reason = window.reason;
  }
}

void TrialBook::set_accuracy(const Arm& arm, const Accuracy& accuracy, bool accepted,
                             const std::string& reason) {
  std::erase_if(accuracies_, [&](const ArmAccuracy& known) { return known.arm == arm; });
  accuracies_.push_back({arm, accuracy, accepted, reason});
}

// The first time counts: later ones find files and code in the caches.
void TrialBook::set_up_cost(const Arm& arm, const SetUpCost& cost) {
  if (std::ranges::find(set_up_costs_, arm, &std::pair<Arm, SetUpCost>::first) ==
      set_up_costs_.end()) {
    set_up_costs_.emplace_back(arm, cost);
  }
}

void TrialBook::set_accuracy(const Config& config, const Accuracy& accuracy, bool accepted,
                             const std::string& reason) {
  Entry& entry = this->entry(config);
  entry.accuracy = accuracy;
  if (!accepted && entry.status == TrialStatus::ok) {
    entry.status = TrialStatus::inaccurate;
    entry.reason = reason;
  }
}

void TrialBook::add_failure(const Config& config, TrialStatus status, const std::string& reason) {
  Entry& entry = this->entry(config);
  entry.status = status;
  entry.reason = reason;
}

std::vector<Trial> TrialBook::trials() const {
  std::vector<Trial> trials;
  for (const Entry& entry : entries_) trials.push_back(trial(entry));
  return trials;
}

std::optional<Trial> TrialBook::find(const Config& config) const {
  const Entry* entry = look_up(config);
  if (!entry) return std::nullopt;
  return trial(*entry);
}

const std::vector<Window>& TrialBook::race_windows(const Config& config) const {
  static const std::vector<Window> none;
  const Entry* entry = look_up(config);
  return entry != nullptr ? entry->race : none;
}

std::vector<Config> TrialBook::raced() const {
  std::vector<Config> configs;
  for (const Entry& entry : entries_) {
    if (!entry.race.empty()) configs.push_back(entry.config);
  }
  return configs;
}

void TrialBook::set_estimate(const Config& config, const Estimate& estimate) {
  entry(config).estimate = estimate;
}

TrialBook::Entry& TrialBook::entry(const Config& config) {
  const auto found = std::ranges::find(entries_, config, &Entry::config);
  if (found != entries_.end()) return *found;
  entries_.push_back({.config = config});
  return entries_.back();
}

const TrialBook::Entry* TrialBook::look_up(const Config& config) const {
  const auto found = std::ranges::find(entries_, config, &Entry::config);
  return found == entries_.end() ? nullptr : &*found;
}

Trial TrialBook::trial(const Entry& entry) const {
  Trial trial{.config = entry.config, .status = entry.status, .reason = entry.reason};
  const auto& windows = entry.race.size() >= 2 ? entry.race : entry.search;
  if (!windows.empty()) {
    trial.measurement = summarise(windows);
  } else if (!entry.race.empty()) {
    trial.measurement = summarise(entry.race);
  }
  if (entry.estimate && trial.measurement) {
    Measurement& measurement = *trial.measurement;
    measurement.joules_per_unit = entry.estimate->value;
    measurement.ci95 = entry.estimate->ci95;
  }
  const auto known = std::ranges::find(accuracies_, entry.config.arm, &ArmAccuracy::arm);
  if (known != accuracies_.end()) {
    trial.accuracy = known->accuracy;
    if (!known->accepted && trial.status == TrialStatus::ok) {
      trial.status = TrialStatus::inaccurate;
      trial.reason = known->reason;
    }
  }
  if (entry.accuracy) trial.accuracy = entry.accuracy;
  const auto cost =
      std::ranges::find(set_up_costs_, entry.config.arm, &std::pair<Arm, SetUpCost>::first);
  if (cost != set_up_costs_.end()) trial.set_up = cost->second;
  return trial;
}

}  // namespace autotune
