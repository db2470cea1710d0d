#include "comparison/race_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "autotune/error.hpp"

namespace autotune {
namespace {

double clock_time(const RoundWindow& window, DriftClock clock) {
  return clock == DriftClock::seconds ? *window.seconds : static_cast<double>(window.round);
}

/// Mean time of each round, in order of rounds.
std::vector<double> knot_times(std::span<const RoundWindow> windows, DriftClock clock) {
  std::map<std::size_t, std::pair<double, int>> sums;
  for (const RoundWindow& window : windows) {
    auto& [sum, count] = sums[window.round];
    sum += clock_time(window, clock);
    ++count;
  }
  std::vector<double> times;
  times.reserve(sums.size());
  for (const auto& [round, sum] : sums) times.push_back(sum.first / sum.second);
  if (std::ranges::adjacent_find(times, std::greater_equal<>()) != times.end()) {
    throw Error(ErrorCode::usage,
                "the rounds to compare overlap in time: seconds must grow from round to round.");
  }
  return times;
}

void place_between_knots(RaceRow& row, double time, const std::vector<double>& times) {
  if (times.size() == 1) return;
  const auto above = std::upper_bound(times.begin() + 1, times.end() - 1, time);
  row.knot = static_cast<std::size_t>(above - times.begin()) - 1;
  row.share = (time - times[row.knot]) / (times[row.knot + 1] - times[row.knot]);
}

double mean_temperature(std::span<const RoundWindow> windows) {
  double sum = 0;
  for (const RoundWindow& window : windows) sum += *window.temperature_c;
  return sum / static_cast<double>(windows.size());
}

/// Names each configuration's group by its smallest member, until no round has two groups.
std::map<std::size_t, std::size_t> groups_linked_by_rounds(std::span<const RoundWindow> windows) {
  std::map<std::size_t, std::size_t> group_of, group_in_round;
  for (const RoundWindow& window : windows) group_of[window.configuration] = window.configuration;
  for (bool changed = true; changed;) {
    changed = false;
    for (const RoundWindow& window : windows) {
      std::size_t& group = group_of[window.configuration];
      std::size_t& in_round = group_in_round.try_emplace(window.round, group).first->second;
      changed = changed || group != in_round;
      group = in_round = std::min(group, in_round);
    }
  }
  return group_of;
}

}  // namespace

void check(std::span<const RoundWindow> windows) {
  for (const RoundWindow& window : windows) {
    if (!(window.joules_per_unit > 0) || !std::isfinite(window.joules_per_unit)) {
      throw Error(ErrorCode::usage,
                  fmt::format("energies to compare must be positive and finite; configuration {} "
                              "in round {} has {}.",
                              window.configuration, window.round, window.joules_per_unit));
    }
    if (!std::isfinite(window.seconds.value_or(0)) ||
        !std::isfinite(window.temperature_c.value_or(0))) {
      throw Error(ErrorCode::usage,
                  fmt::format("times and temperatures to compare must be finite; configuration {} "
                              "in round {} has {} s and {} °C.",
                              window.configuration, window.round, window.seconds.value_or(0),
                              window.temperature_c.value_or(0)));
    }
  }
}

std::vector<RoundWindow> linked_windows(std::span<const RoundWindow> windows) {
  auto group_of = groups_linked_by_rounds(windows);
  std::map<std::size_t, std::size_t> sizes;
  for (const RoundWindow& window : windows) ++sizes[group_of[window.configuration]];
  const auto largest = std::ranges::max_element(
      sizes, {}, [](const auto& name_and_size) { return name_and_size.second; });
  std::vector<RoundWindow> linked;
  for (const RoundWindow& window : windows) {
    if (group_of[window.configuration] == largest->first) linked.push_back(window);
  }
  return linked;
}

RaceRows race_rows(std::span<const RoundWindow> windows, DriftClock clock) {
  const std::vector<double> times = knot_times(windows, clock);
  RaceRows made{.knots = times.size(), .has_heat = std::ranges::all_of(windows, [](const auto& w) {
                                         return w.temperature_c.has_value();
                                       })};
  const double mean = made.has_heat ? mean_temperature(windows) : 0;
  for (const RoundWindow& window : windows) {
    RaceRow row{.configuration = window.configuration,
                .heat = made.has_heat ? *window.temperature_c - mean : 0,
                .log_joules = std::log(window.joules_per_unit)};
    place_between_knots(row, clock_time(window, clock), times);
    made.rows.push_back(row);
  }
  return made;
}

DriftClock best_clock(std::span<const RoundWindow> windows) {
  const bool timed = std::ranges::all_of(
      windows, [](const RoundWindow& window) { return window.seconds.has_value(); });
  return timed ? DriftClock::seconds : DriftClock::rounds;
}

}  // namespace autotune
