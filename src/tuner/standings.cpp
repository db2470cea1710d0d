#include "tuner/standings.hpp"

#include <algorithm>

#include "tuner/conclusion.hpp"

namespace autotune {
namespace {

std::vector<RoundWindow> windows_of(const TrialBook& book, const std::vector<Config>& configs) {
  std::vector<RoundWindow> windows;
  const Timestamp begin = configs.empty() ? Timestamp{} : book.race_windows(configs[0])[0].middle;
  for (std::size_t i = 0; i < configs.size(); ++i) {
    const std::vector<Window>& race = book.race_windows(configs[i]);
    for (std::size_t round = 0; round < race.size(); ++round) {
      if (!race[round].joules_per_unit) continue;
      windows.push_back({.configuration = i,
                         .round = round,
                         .joules_per_unit = *race[round].joules_per_unit,
                         .seconds = in_seconds(race[round].middle - begin),
                         .temperature_c = race[round].temperature_c});
    }
  }
  return windows;
}

ComparisonOptions barring(const TrialBook& book, const std::vector<Config>& configs,
                          const Constraints& limits) {
  ComparisonOptions options;
  for (std::size_t i = 0; i < configs.size(); ++i) {
    const auto trial = book.find(configs[i]);
    // One window may be luck.
    const bool lucky = book.race_windows(configs[i]).size() < 2;
    if (!trial || lucky || !eligible(*trial, limits)) options.barred.push_back(i);
  }
  return options;
}

}  // namespace

Standings::Standings(const TrialBook& book, const Constraints& limits)
    : configs_(book.raced()),
      comparison_(compare_rounds(windows_of(book, configs_), barring(book, configs_, limits))) {}

std::optional<std::size_t> Standings::index(const Config& config) const {
  const auto found = std::ranges::find(configs_, config);
  if (found == configs_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - configs_.begin());
}

std::optional<Estimate> Standings::estimate(const Config& config) const {
  const auto i = index(config);
  return i ? comparison_.estimate(*i) : std::nullopt;
}

std::optional<Ratio> Standings::ratio(const Config& a, const Config& b) const {
  const auto i = index(a), j = index(b);
  return i && j ? comparison_.ratio(*i, *j) : std::nullopt;
}

bool Standings::ties_with_best(const Config& config) const {
  const auto i = index(config);
  if (!i) return false;
  const Standing standing = comparison_.standing(*i);
  return standing == Standing::tie || standing == Standing::unresolved;
}

bool Standings::may_drop(const Config& config) const {
  const auto i = index(config);
  return i && comparison_.may_drop(*i);
}

bool Standings::settled() const { return comparison_.settled(); }

}  // namespace autotune
