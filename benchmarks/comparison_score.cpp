// How well the comparison of a race does on simulated races, whose truth is known. Prints the
// tables of docs/measuring.md.
//
//     autotune_comparison_score [REPEATS]
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/race_simulation.hpp"

namespace {

using autotune::Standing;
using autotune::testing::run_with_looks;
using autotune::testing::score;
using autotune::testing::SimulatedRace;
using autotune::testing::SimulatedScore;
using autotune::testing::StoppedRace;

std::string percent(double share, int digits) {
  return fmt::format("{:.{}f} %", 100 * share, digits);
}

SimulatedRace two(double cv, std::size_t rounds, double gap) {
  const double seconds = cv < 0.01 ? 5 : 1;
  return {.true_joules = {1, 1 + gap}, .rounds = rounds, .cv = cv, .window_seconds = seconds};
}

/// Two configurations by scatter and rounds: equal, 2 % apart, 0.2 % apart.
void print_pairs(int repeats) {
  fmt::print(
      "| CV of a window | rounds | equals: interval holds 1 | its median half width "
      "| 2 % apart: wrong winner | told apart | 0.2 % apart: tie | told apart |\n"
      "|---|---|---|---|---|---|---|---|\n");
  for (const double cv : {0.005, 0.016}) {
    for (const std::size_t rounds : {2, 3, 5, 8, 12, 20}) {
      const SimulatedScore equal = score(two(cv, rounds, 0), repeats);
      const SimulatedScore apart = score(two(cv, rounds, 0.02), repeats);
      const SimulatedScore close = score(two(cv, rounds, 0.002), repeats);
      fmt::print("| {} | {} | {} | ±{} | {} | {} | {} | {} |\n", percent(cv, 1), rounds,
                 percent(equal.coverage, 1), percent(equal.median_half_width, 2),
                 percent(apart.wrong_winners, 1), percent(apart.told_apart, 1),
                 percent(close.ties, 1), percent(close.told_apart, 1));
    }
  }
}

struct Drift {
  const char* name;
  double rise;
  bool warm_up;
};

/// Equals in 5 rounds at 0.5 %, by the shape of the drift and whether windows have times.
void print_drifts(int repeats) {
  const std::vector<Drift> drifts{
      {"none", 0, false}, {"4 %, steady", 0.04, false}, {"4 %, warming up", 0.04, true}};
  fmt::print(
      "| configurations | drift over the run | windows have times | interval holds 1 "
      "| its median half width |\n|---|---|---|---|---|\n");
  for (const std::size_t configurations : {2, 6}) {
    for (const Drift& drift : drifts) {
      for (const bool timed : {true, false}) {
        const SimulatedScore result = score({.true_joules = std::vector<double>(configurations, 1),
                                             .drift = drift.rise,
                                             .warm_up = drift.warm_up,
                                             .timed = timed},
                                            repeats);
        fmt::print("| {} | {} | {} | {} | ±{} |\n", configurations, drift.name,
                   timed ? "yes" : "no", percent(result.coverage, 1),
                   percent(result.median_half_width, 2));
      }
    }
  }
}

struct Field {
  const char* name;
  std::vector<double> true_joules;
};

/// What races that were thinned and stopped at their looks came to.
struct LooksScore {
  double rounds = 0, windows = 0, settled = 0, coverage = 0;
  double costly_winner = 0;   ///< `best` costs over 0.5 % more than the cheapest.
  double cheapest_worse = 0;  ///< The cheapest is called worse.
};

LooksScore score_looks(const SimulatedRace& race, int repeats) {
  LooksScore sum;
  const double truth = race.true_joules[1] / race.true_joules[0];
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const StoppedRace stopped = run_with_looks(race, static_cast<std::uint64_t>(repeat) + 1);
    const auto ratio = stopped.comparison.ratio(1, 0).value();
    sum.rounds += static_cast<double>(stopped.rounds) / repeats;
    sum.windows += static_cast<double>(stopped.windows) / repeats;
    sum.settled += stopped.settled ? 1.0 / repeats : 0;
    sum.coverage += ratio.ci95.low <= truth && truth <= ratio.ci95.high ? 1.0 / repeats : 0;
    const double won = race.true_joules[stopped.comparison.best().value()];
    sum.costly_winner += won > 1.005 * race.true_joules[0] ? 1.0 / repeats : 0;
    sum.cheapest_worse += stopped.comparison.standing(0) == Standing::worse ? 1.0 / repeats : 0;
  }
  return sum;
}

/// Races that stop when settled, at most after 20 rounds; the first configuration is the cheapest.
void print_looks(int repeats) {
  const std::vector<Field> fields{{"2 equals", {1, 1}},
                                  {"2, 2 % apart", {1, 1.02}},
                                  {"6 equals", {1, 1, 1, 1, 1, 1}},
                                  {"6 at 0, 0.2, 1, 2, 4, 8 %", {1, 1.002, 1.01, 1.02, 1.04, 1.08}},
                                  {"6 at 0, 2, 2, 2, 2, 2 %", {1, 1.02, 1.02, 1.02, 1.02, 1.02}}};
  fmt::print(
      "| CV of a window | finalists | rounds (mean) | windows (mean) | settled by round 20 "
      "| interval holds the truth | winner costs over 0.5 % too much | cheapest called worse |\n"
      "|---|---|---|---|---|---|---|---|\n");
  for (const double cv : {0.005, 0.016}) {
    for (const Field& field : fields) {
      SimulatedRace race = two(cv, 20, 0);
      race.true_joules = field.true_joules;
      const LooksScore result = score_looks(race, repeats);
      fmt::print("| {} | {} | {:.1f} | {:.0f} | {} | {} | {} | {} |\n", percent(cv, 1), field.name,
                 result.rounds, result.windows, percent(result.settled, 1),
                 percent(result.coverage, 1), percent(result.costly_winner, 1),
                 percent(result.cheapest_worse, 1));
    }
  }
}

/// Equal configurations, of which one scatters by a further 10 %.
void print_noisy(int repeats) {
  fmt::print(
      "| configurations | rounds | one is noisy | quiet pair: interval holds 1 "
      "| its median half width | noisy and quiet: interval holds 1 | its median half width |\n"
      "|---|---|---|---|---|---|---|\n");
  for (const std::size_t configurations : {3, 6}) {
    for (const std::size_t rounds : {3, 5, 8}) {
      SimulatedRace race{.true_joules = std::vector<double>(configurations, 1), .rounds = rounds};
      const SimulatedScore calm = score(race, repeats);
      race.extra_cv.assign(configurations, 0);
      race.extra_cv.back() = 0.1;
      const SimulatedScore quiet = score(race, repeats);
      std::swap(race.extra_cv[1], race.extra_cv.back());
      const SimulatedScore noisy = score(race, repeats);
      fmt::print(
          "| {0} | {1} | no | {2} | ±{3} | | |\n| {0} | {1} | yes | {4} | ±{5} | {6} | ±{7} |\n",
          configurations, rounds, percent(calm.coverage, 1), percent(calm.median_half_width, 2),
          percent(quiet.coverage, 1), percent(quiet.median_half_width, 2),
          percent(noisy.coverage, 1), percent(noisy.median_half_width, 2));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int repeats = argc > 1 ? std::atoi(argv[1]) : 1000;
  if (repeats < 1) {
    fmt::print(stderr, "REPEATS is a number of simulated races, at least 1.\n");
    return 2;
  }
  fmt::print("Two configurations, {} races each:\n\n", repeats);
  print_pairs(repeats);
  fmt::print("\nEquals under drift, {} races each:\n\n", repeats);
  print_drifts(repeats);
  fmt::print("\nRaces stopped at their looks, {} each:\n\n", repeats);
  print_looks(repeats);
  fmt::print("\nOne noisy configuration among equals, {} races each:\n\n", repeats);
  print_noisy(repeats);
}
