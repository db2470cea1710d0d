#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "autotune/comparison.hpp"

namespace autotune::testing {

/// A race whose truth is known. The defaults are what windows on a GPU look like
/// (docs/measuring.md).
struct SimulatedRace {
  std::vector<double> true_joules{1, 1};  ///< Per configuration.
  std::size_t rounds = 5;
  double cv = 0.005;         ///< Of one window: 0.5 % at 5 s, 1.6 % at 1 s on an A100.
  double correlation = 0.3;  ///< Between windows that follow each other.
  double drift = 0.04;       ///< Rise of the energy over the run.
  bool warm_up = false;      ///< The rise flattens out, with a fifth of the run as time constant.
  bool timed = true;         ///< Windows have times.
  double window_seconds = 5;
  double gap_seconds = 1.5;        ///< Between windows.
  std::vector<double> extra_cv{};  ///< Added to `cv` where given, per configuration.
};

/// The drift's part of the log energy when `part` of the run is over.
inline double drift_at(const SimulatedRace& race, double part) {
  return race.drift * (race.warm_up ? 1 - std::exp(-5 * part) : part);
}

/// Windows in order of time: every round measures each configuration once, in a fresh random order.
inline std::vector<RoundWindow> simulate(const SimulatedRace& race, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  std::vector<std::size_t> order(race.true_joules.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const double step = race.window_seconds + race.gap_seconds;
  const double last = static_cast<double>(race.rounds * order.size() - 1);
  double noise = normal(generator);
  std::vector<RoundWindow> windows;
  for (std::size_t round = 0; round < race.rounds; ++round) {
    std::shuffle(order.begin(), order.end(), generator);
    for (const std::size_t configuration : order) {
      const auto index = static_cast<double>(windows.size());
      double log_noise = race.cv * noise + drift_at(race, index / std::max(last, 1.0));
      if (!race.extra_cv.empty()) log_noise += race.extra_cv[configuration] * normal(generator);
      windows.push_back({.configuration = configuration,
                         .round = round,
                         .joules_per_unit = race.true_joules[configuration] * std::exp(log_noise),
                         .seconds = race.timed ? std::optional(index * step) : std::nullopt});
      noise = race.correlation * noise +
              std::sqrt(1 - race.correlation * race.correlation) * normal(generator);
    }
  }
  return windows;
}

/// What many simulated comparisons of configuration 1 with configuration 0 came to.
struct SimulatedScore {
  double coverage = 0;           ///< Share of 95 % intervals of the ratio that hold the true one.
  double median_half_width = 0;  ///< Of these intervals.
  double wrong_winners = 0;      ///< Share in which `best` is not the truly cheapest.
  double ties = 0;               ///< Share in which the one that is not `best` is a tie.
  double told_apart = 0;         ///< Share in which it is worse.
};

inline SimulatedScore score(const SimulatedRace& race, int repeats, std::uint64_t first_seed = 1) {
  const double truth = race.true_joules[1] / race.true_joules[0];
  const auto cheapest = static_cast<std::size_t>(std::ranges::min_element(race.true_joules) -
                                                 race.true_joules.begin());
  SimulatedScore sum;
  std::vector<double> half_widths;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const RoundComparison comparison =
        compare_rounds(simulate(race, first_seed + static_cast<std::uint64_t>(repeat)));
    const Ratio ratio = comparison.ratio(1, 0).value();
    sum.coverage += ratio.ci95.low <= truth && truth <= ratio.ci95.high;
    half_widths.push_back(ratio.half_width());
    sum.wrong_winners += comparison.best() != cheapest;
    const Standing other = comparison.standing(comparison.best() == 0 ? 1 : 0);
    sum.ties += other == Standing::tie;
    sum.told_apart += other == Standing::worse;
  }
  for (double* share : {&sum.coverage, &sum.wrong_winners, &sum.ties, &sum.told_apart}) {
    *share /= repeats;
  }
  sum.median_half_width = quantile(half_widths, 0.5);
  return sum;
}

/// A race that is thinned and stopped at its looks.
struct StoppedRace {
  RoundComparison comparison;
  std::size_t rounds = 0;
  std::size_t windows = 0;
  bool settled = false;
};

/// Looks after the rounds of `is_look`, drops what may be dropped, stops when settled or at the
/// race's last round.
inline StoppedRace run_with_looks(const SimulatedRace& race, std::uint64_t seed) {
  const std::vector<RoundWindow> all = simulate(race, seed);
  std::vector<bool> dropped(race.true_joules.size());
  StoppedRace stopped;
  std::vector<RoundWindow> taken;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!dropped[all[i].configuration]) taken.push_back(all[i]);
    if (i + 1 < all.size() && all[i + 1].round == all[i].round) continue;
    stopped.rounds = all[i].round + 1;
    stopped.windows = taken.size();
    if (!is_look(stopped.rounds) && stopped.rounds < race.rounds) continue;
    stopped.comparison = compare_rounds(taken);
    stopped.settled = stopped.comparison.settled();
    if (stopped.settled) break;
    for (std::size_t c = 0; c < dropped.size(); ++c) {
      dropped[c] = dropped[c] || stopped.comparison.may_drop(c);
    }
  }
  return stopped;
}

}  // namespace autotune::testing
