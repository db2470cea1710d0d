#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "autotune/comparison.hpp"
#include "autotune/error.hpp"
#include "tests/support/race_simulation.hpp"

namespace autotune {
namespace {

using testing::simulate;
using testing::SimulatedRace;

/// A fixed race of two configurations, the second 5 % dearer, in rounds of 10 s.
std::vector<RoundWindow> two_rounds() {
  return {{.configuration = 0, .round = 0, .joules_per_unit = 1.00, .seconds = 0},
          {.configuration = 1, .round = 0, .joules_per_unit = 1.05, .seconds = 5},
          {.configuration = 1, .round = 1, .joules_per_unit = 1.051, .seconds = 10},
          {.configuration = 0, .round = 1, .joules_per_unit = 1.001, .seconds = 15}};
}

TEST(CompareRounds, FindsTheLowestEstimateAndTheRatioToIt) {
  const RoundComparison comparison =
      compare_rounds(simulate({.true_joules = {2.0, 1.5, 1.8}, .rounds = 8}, 1));
  ASSERT_EQ(comparison.best(), 1u);
  const Ratio ratio = comparison.ratio(1, 0).value();
  EXPECT_LT(ratio.ci95.low, 0.75);
  EXPECT_GT(ratio.ci95.high, 0.75);
  EXPECT_EQ(comparison.standing(1), Standing::best);
  EXPECT_EQ(comparison.standing(0), Standing::worse);
  EXPECT_EQ(comparison.standing(2), Standing::worse);
}

TEST(CompareRounds, GivesRatiosThatAgreeWithTheEstimatesAndWithEachOther) {
  const RoundComparison comparison = compare_rounds(simulate({.true_joules = {2.0, 1.5}}, 2));
  const Ratio there = comparison.ratio(0, 1).value();
  const Ratio back = comparison.ratio(1, 0).value();
  EXPECT_NEAR(there.value, comparison.estimate(0)->value / comparison.estimate(1)->value, 1e-12);
  EXPECT_NEAR(there.value * back.value, 1, 1e-12);
  EXPECT_NEAR(there.ci95.low * back.ci95.high, 1, 1e-12);
}

TEST(CompareRounds, IsNotMovedByASteadyDrift) {
  const std::vector<RoundWindow> windows =
      simulate({.true_joules = {1, 1.05}, .cv = 0, .drift = 0.04}, 3);
  const Ratio ratio = compare_rounds(windows).ratio(1, 0).value();
  EXPECT_NEAR(ratio.value, 1.05, 1e-9);
  EXPECT_LT(ratio.half_width(), 1e-6);
}

TEST(CompareRounds, KeepsTheRankingUnderADriftOfFourPercent) {
  const SimulatedRace race{.true_joules = {1, 1.01, 1.02, 1.03}, .cv = 0.001, .drift = 0.04};
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const RoundComparison comparison = compare_rounds(simulate(race, seed));
    for (std::size_t i = 0; i + 1 < race.true_joules.size(); ++i) {
      EXPECT_LT(comparison.estimate(i)->value, comparison.estimate(i + 1)->value) << seed;
    }
  }
}

TEST(CompareRounds, NeedsNoTimesWhereDriftFollowsTheRounds) {
  std::vector<RoundWindow> windows;
  for (std::size_t round = 0; round < 4; ++round) {
    const double drift = 1 + 0.1 * static_cast<double>(round * round);
    windows.push_back({.configuration = 0, .round = round, .joules_per_unit = drift});
    windows.push_back({.configuration = 1, .round = round, .joules_per_unit = 1.1 * drift});
  }
  EXPECT_NEAR(compare_rounds(windows).ratio(1, 0)->value, 1.1, 1e-9);
}

TEST(CompareRounds, GivesNoIntervalAfterOneRound) {
  const RoundComparison comparison =
      compare_rounds(simulate({.true_joules = {1, 1.3, 1.2}, .rounds = 1}, 4));
  EXPECT_EQ(comparison.best(), 0u);
  EXPECT_FALSE(comparison.ratio(1, 0).has_value());
  EXPECT_FALSE(comparison.estimate(0)->ci95.has_value());
  EXPECT_EQ(comparison.standing(1), Standing::unresolved);
  EXPECT_FALSE(comparison.may_drop(1));
  EXPECT_FALSE(comparison.settled());
}

TEST(CompareRounds, KeepsAConfigurationWhoseCellsAreMissingComparable) {
  std::vector<RoundWindow> windows =
      simulate({.true_joules = {1, 1.03, 1.06}, .rounds = 8, .drift = 0.3}, 5);
  std::erase_if(windows, [](const RoundWindow& window) {
    return (window.configuration == 0 && window.round > 1) ||
           (window.configuration == 1 && window.round == 4);
  });
  const RoundComparison comparison = compare_rounds(windows);
  EXPECT_EQ(comparison.best(), 0u);
  // 30 % of drift after it dropped out would make it look dear or cheap otherwise.
  EXPECT_NEAR(comparison.ratio(2, 0)->value, 1.06, 0.015);
  EXPECT_NEAR(comparison.ratio(1, 0)->value, 1.03, 0.015);
}

TEST(CompareRounds, WidensTheIntervalOfWhatHasFewerWindows) {
  std::vector<RoundWindow> windows = simulate({.true_joules = {1, 1, 1}, .rounds = 8}, 6);
  std::erase_if(windows, [](const RoundWindow& window) {
    return window.configuration == 2 && window.round > 1;
  });
  const RoundComparison comparison = compare_rounds(windows);
  EXPECT_GT(comparison.ratio(2, 0)->half_width(), 1.4 * comparison.ratio(1, 0)->half_width());
}

TEST(CompareRounds, ComparesNothingThatNoRoundLinks) {
  std::vector<RoundWindow> windows = two_rounds();
  windows.push_back({.configuration = 2, .round = 2, .joules_per_unit = 0.9, .seconds = 20});
  windows.push_back({.configuration = 2, .round = 3, .joules_per_unit = 0.9, .seconds = 30});
  const RoundComparison comparison = compare_rounds(windows);
  EXPECT_FALSE(comparison.ratio(2, 0).has_value());
  EXPECT_TRUE(comparison.ratio(1, 0).has_value());
  EXPECT_NEAR(comparison.estimate(2)->value, 0.9, 1e-12);
  EXPECT_FALSE(comparison.settled());
}

TEST(CompareRounds, LinksTwoThatMetOnlyAThird) {
  std::vector<RoundWindow> windows;
  for (std::size_t round = 0; round < 6; ++round) {
    const double wobble = round % 2 == 0 ? 1.001 : 0.999;
    const std::size_t other = round < 3 ? 1 : 2;
    windows.push_back({.configuration = 0, .round = round, .joules_per_unit = wobble});
    windows.push_back({.configuration = other, .round = round, .joules_per_unit = 1.1 / wobble});
  }
  EXPECT_NEAR(compare_rounds(windows).ratio(1, 2)->value, 1, 0.005);
}

TEST(CompareRounds, EstimatesASingleConfigurationAlone) {
  const std::vector<RoundWindow> windows =
      simulate({.true_joules = {2.0}, .rounds = 4, .drift = 0}, 7);
  const RoundComparison comparison = compare_rounds(windows);
  EXPECT_EQ(comparison.best(), 0u);
  EXPECT_NEAR(comparison.estimate(0)->value, 2, 0.02);
  EXPECT_TRUE(comparison.estimate(0)->ci95.has_value());
  EXPECT_TRUE(comparison.settled());
}

TEST(CompareRounds, HasNoBestWithoutWindows) {
  EXPECT_FALSE(compare_rounds({}).best().has_value());
  EXPECT_FALSE(compare_rounds({}).settled());
  EXPECT_FALSE(compare_rounds(two_rounds()).estimate(5).has_value());
}

TEST(CompareRounds, NeverNamesABarredConfigurationBest) {
  const std::vector<RoundWindow> windows = simulate({.true_joules = {1, 0.8, 1.2}, .rounds = 8}, 8);
  const RoundComparison comparison = compare_rounds(windows, {.barred = {1}});
  EXPECT_EQ(comparison.best(), 0u);
  EXPECT_EQ(comparison.standing(1), Standing::better);
  EXPECT_EQ(comparison.standing(2), Standing::worse);
  EXPECT_FALSE(comparison.may_drop(1));
  EXPECT_TRUE(comparison.settled());
}

TEST(CompareRounds, LetsTheUserWidenTheIndifferenceZone) {
  const std::vector<RoundWindow> windows =
      simulate({.true_joules = {1, 1.03}, .rounds = 12, .cv = 0.001}, 9);
  EXPECT_EQ(compare_rounds(windows).standing(1), Standing::worse);
  EXPECT_EQ(compare_rounds(windows, {.indifference = 0.05}).standing(1), Standing::tie);
}

TEST(CompareRounds, RefusesValuesThatAreNoEnergies) {
  for (const double bad : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(),
                           std::numeric_limits<double>::infinity()}) {
    std::vector<RoundWindow> windows = two_rounds();
    windows[2].joules_per_unit = bad;
    EXPECT_THROW((void)compare_rounds(windows), Error) << bad;
  }
}

TEST(CompareRounds, RefusesTimesAndTemperaturesThatAreNotFinite) {
  std::vector<RoundWindow> windows = two_rounds();
  windows[0].temperature_c = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW((void)compare_rounds(windows), Error);
  windows = two_rounds();
  windows[0].seconds = std::numeric_limits<double>::infinity();
  EXPECT_THROW((void)compare_rounds(windows), Error);
}

TEST(CompareRounds, RefusesRoundsThatRunBackwardsInTime) {
  std::vector<RoundWindow> windows = two_rounds();
  for (RoundWindow& window : windows) window.seconds = -*window.seconds;
  EXPECT_THROW((void)compare_rounds(windows), Error);
}

TEST(SettledRace, StopsWhenEveryFinalistIsToldApartOrKnownWell) {
  const SimulatedRace far_apart{.true_joules = {1, 1.1, 1.2, 1.3}, .rounds = 5, .cv = 0.01};
  EXPECT_TRUE(compare_rounds(simulate(far_apart, 10)).settled());
  const SimulatedRace close{.true_joules = {1, 1.001, 1.2, 1.3}, .rounds = 5, .cv = 0.01};
  EXPECT_FALSE(compare_rounds(simulate(close, 10)).settled());
  const SimulatedRace close_and_quiet{.true_joules = {1, 1.001, 1.2}, .rounds = 5, .cv = 0.001};
  EXPECT_TRUE(compare_rounds(simulate(close_and_quiet, 10)).settled());
}

TEST(SettledRace, ObeysTheTarget) {
  const std::vector<RoundWindow> windows = simulate({.rounds = 8, .cv = 0.004}, 11);
  EXPECT_TRUE(compare_rounds(windows, {.target_half_width = 0.01}).settled());
  EXPECT_FALSE(compare_rounds(windows, {.target_half_width = 0.001}).settled());
}

TEST(DropRule, DropsWhatIsFarOffAndKeepsWhatIsNear) {
  const RoundComparison comparison =
      compare_rounds(simulate({.true_joules = {1, 1.004, 1.1}, .rounds = 5}, 12));
  EXPECT_TRUE(comparison.may_drop(2));
  EXPECT_FALSE(comparison.may_drop(1));
  EXPECT_FALSE(comparison.may_drop(comparison.best().value()));
}

TEST(Looks, ComeAfterFiveRoundsAndGrowRarer) {
  std::vector<std::size_t> looks;
  for (std::size_t rounds = 0; rounds <= 25; ++rounds) {
    if (is_look(rounds)) looks.push_back(rounds);
  }
  EXPECT_THAT(looks, ::testing::ElementsAre(5, 8, 12, 15, 20, 25));
}

TEST(Standings, HaveTheNamesThatReportsPrint) {
  EXPECT_EQ(to_string(Standing::tie), "tie");
  EXPECT_EQ(to_string(Standing::unresolved), "unresolved");
}

}  // namespace
}  // namespace autotune
