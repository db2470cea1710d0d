// What the comparison promises, held against races whose truth is known. The same simulation makes
// the tables of docs/measuring.md (benchmarks/comparison_score.cpp).
#include <gmock/gmock.h>

#include "tests/support/race_simulation.hpp"

namespace autotune {
namespace {

using testing::run_with_looks;
using testing::score;
using testing::simulate;
using testing::SimulatedRace;
using testing::SimulatedScore;
using testing::StoppedRace;

constexpr int repeats = 1000;

/// What the promises are made for: 5 rounds of windows of 5 s, whose scatter is 0.5 %, and 20
/// rounds of 1 s with 1.6 %.
class Promise : public ::testing::TestWithParam<int> {
 protected:
  static SimulatedRace with_gap(double gap) {
    if (GetParam() == 5) return {.true_joules = {1, 1 + gap}, .rounds = 5, .cv = 0.005};
    return {.true_joules = {1, 1 + gap}, .rounds = 20, .cv = 0.016, .window_seconds = 1};
  }
};

INSTANTIATE_TEST_SUITE_P(Rounds, Promise, ::testing::Values(5, 20));

TEST_P(Promise, EqualsAreCoveredInNinetyThreeToNinetySevenPercentAndKnownToOnePercent) {
  const SimulatedScore equals = score(with_gap(0), repeats);
  EXPECT_GE(equals.coverage, 0.93);
  EXPECT_LE(equals.coverage, 0.97);
  EXPECT_LE(equals.median_half_width, 0.01);
}

TEST_P(Promise, TheWrongOneOfTwoThatDifferByTwoPercentWinsInOnePercentAtMost) {
  EXPECT_LE(score(with_gap(0.02), repeats).wrong_winners, 0.01);
}

TEST_P(Promise, AGapOfTwoInAThousandIsATie) {
  EXPECT_GE(score(with_gap(0.002), repeats).ties, 0.95);
}

TEST(SixFinalists, AreCoveredAndRankedLikeTwo) {
  const SimulatedScore result = score({.true_joules = {1, 1.02, 1.02, 1.04, 1.08, 1.3}}, repeats);
  EXPECT_GE(result.coverage, 0.93);
  EXPECT_LE(result.coverage, 0.97);
  EXPECT_LE(result.wrong_winners, 0.01);
  EXPECT_GE(result.told_apart, 0.95);
}

TEST(SixFinalists, AreSettledInFewWindowsWithoutTheWrongWinner) {
  const SimulatedRace race{.true_joules = {1, 1.02, 1.04, 1.06, 1.08, 1.1}, .rounds = 15};
  int wrong = 0, unsettled = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const StoppedRace stopped = run_with_looks(race, seed);
    wrong += stopped.comparison.best() != 0u;
    unsettled += !stopped.settled;
  }
  EXPECT_LE(wrong, 2);
  EXPECT_EQ(unsettled, 0);
}

TEST(RepeatedLooks, SeldomTellEqualsApart) {
  const SimulatedRace race{.true_joules = {1, 1, 1, 1}, .rounds = 20};
  int told_apart = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const RoundComparison comparison = run_with_looks(race, seed).comparison;
    told_apart += comparison.standing(0) == Standing::worse;
  }
  EXPECT_LE(told_apart, 300 * 0.05);
}

/// Six equals, of which one is disturbed by a foreign load: 10 % more scatter.
SimulatedRace disturbed(std::size_t noisy) {
  SimulatedRace race{.true_joules = {1, 1, 1, 1, 1, 1}, .extra_cv = {0, 0, 0, 0, 0, 0}};
  race.extra_cv[noisy] = 0.1;
  return race;
}

TEST(NoisyConfiguration, DoesNotWidenTheIntervalsOfTheOthers) {
  const double alone = score({.true_joules = {1, 1, 1, 1, 1}}, 100).median_half_width;
  const SimulatedScore beside_noise = score(disturbed(5), 100);
  EXPECT_LT(beside_noise.median_half_width, 1.1 * alone);
}

TEST(NoisyConfiguration, HasAWideIntervalOfItsOwn) {
  const SimulatedScore noisy = score(disturbed(1), 300);
  EXPECT_GT(noisy.median_half_width, 0.05);
  EXPECT_GE(noisy.coverage, 0.9);
}

TEST(NoisyConfiguration, IsNamed) {
  const RoundComparison comparison = compare_rounds(simulate(disturbed(2), 1));
  EXPECT_TRUE(comparison.noisy(2));
  EXPECT_FALSE(comparison.noisy(0));
}

TEST(NoisyConfiguration, IsSeldomSeenWhereThereIsNone) {
  int seen = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const RoundComparison comparison =
        compare_rounds(simulate({.true_joules = {1, 1, 1, 1, 1, 1}}, seed));
    bool any = false;
    for (std::size_t i = 0; i < 6; ++i) any = any || comparison.noisy(i);
    seen += any;
  }
  EXPECT_LE(seen, 300 * 0.03);
}

}  // namespace
}  // namespace autotune
