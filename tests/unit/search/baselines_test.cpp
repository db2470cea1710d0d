// What powers_of_two, largest, hill_climb and thompson do that the others do not.
#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <map>
#include <random>

#include "unit/search/drive.hpp"

namespace autotune {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;

std::vector<int> batches_of(const std::vector<Candidate>& candidates) {
  std::vector<int> batches;
  for (const Candidate& candidate : candidates) batches.push_back(candidate.batch);
  return batches;
}

Outcome fits_up_to(int largest, const Candidate& c) {
  return c.batch > largest ? failed(TrialStatus::out_of_memory) : ok(1.0 / c.batch, c.batch);
}

TEST(PowersOfTwo, MeasuresEachOnceArmByArm) {
  const auto searcher = make_searcher("powers_of_two", space_of({"a", "b"}, 20), {});
  const auto steps = steps_of(*searcher, [](Candidate c) { return ok(1.0 / c.batch); });
  EXPECT_THAT(batches_of(windows_of(steps)), ElementsAre(1, 2, 4, 8, 16, 1, 2, 4, 8, 16));
  EXPECT_EQ(steps.size(), 10u);
}

TEST(PowersOfTwo, RunsOutOfMemoryOnceAnArm) {
  const auto searcher = make_searcher("powers_of_two", space_of({"a", "b"}, 1000), {});
  int failures = 0;
  steps_of(*searcher, [&](Candidate c) {
    failures += c.batch > 20;
    return fits_up_to(20, c);
  });
  EXPECT_EQ(failures, 2);
  EXPECT_EQ(searcher->best()->candidate.batch, 16);
}

TEST(PowersOfTwo, TakesTheNearestBelowWhereThereAreNone) {
  const SearchSpace space{{{"a", {12, 24, 48, 56, 72, 156}}}};
  const auto searcher = make_searcher("powers_of_two", space, {});
  const auto steps = steps_of(*searcher, [](Candidate c) { return ok(1.0 / c.batch); });
  EXPECT_THAT(batches_of(windows_of(steps)), ElementsAre(12, 24, 56, 72, 156));
}

TEST(Largest, MeasuresTheLargestThatFitsOfEachArmOnce) {
  const auto searcher = make_searcher("largest", space_of({"a", "b"}, 100), {});
  const auto steps = steps_of(*searcher, [](Candidate c) { return fits_up_to(37 + 9 * c.arm, c); });
  EXPECT_THAT(windows_of(steps), ElementsAre(Candidate{0, 37}, Candidate{1, 46}));
  EXPECT_EQ(searcher->best()->candidate, (Candidate{1, 46}));
}

TEST(Largest, TakesTheWholeRangeInAFewFitsWhereAllOfItFits) {
  const auto searcher = make_searcher("largest", space_of({"a"}, 1000), {});
  const auto steps = steps_of(*searcher, [](Candidate c) { return ok(1.0 / c.batch); });
  EXPECT_EQ(searcher->best()->candidate.batch, 1000);
  EXPECT_LE(steps.size(), 12u);
}

TEST(Largest, TimesItsTrialsUnderALatencyLimit) {
  const auto searcher = make_searcher("largest", space_of({"a"}, 100), {.max_latency_ms = 33});
  const auto steps = steps_of(*searcher, [](Candidate c) { return ok(1.0 / c.batch, c.batch); });
  EXPECT_THAT(windows_of(steps), ElementsAre(Candidate{0, 33}));
  EXPECT_EQ(candidates_of(steps, StepKind::fit).size(), 0u);
}

TEST(HillClimb, ReachesTheTopOfOneHillWithoutWalkingAllOfIt) {
  const auto searcher =
      make_searcher("hill_climb", space_of({"a", "b"}, 256), {.incumbent = Candidate{0, 2}});
  std::map<Candidate, int> seen;
  for (int steps = 0; steps < 60; ++steps) {
    const auto step = searcher->ask();
    ASSERT_TRUE(step.has_value());
    const double distance = std::abs(std::log2(step->candidate.batch / 100.0));
    searcher->tell(*step, ok((step->candidate.arm == 1 ? 0.9 : 1.0) * (1 + distance)));
    ++seen[step->candidate];
  }
  EXPECT_EQ(searcher->best()->candidate, (Candidate{1, 100}));
  for (const auto& [candidate, times] : seen) EXPECT_EQ(times, 1);
}

TEST(HillClimb, StartsElsewhereOnceItIsOnAHill) {
  const auto searcher =
      make_searcher("hill_climb", space_of({"a"}, 200), {.incumbent = Candidate{0, 10}});
  // A hill at 10 that no neighbour leads away from, and a better one at 150.
  steps_of(*searcher, [](Candidate c) {
    return ok(c.batch < 60 ? 2 + std::abs(c.batch - 10) : 1 + std::abs(c.batch - 150));
  });
  EXPECT_EQ(searcher->best()->candidate.batch, 150);
}

TEST(Thompson, TriesPowersOfTwoFromTheIncumbentDownwardsThenUpwards) {
  const auto searcher =
      make_searcher("thompson", space_of({"a"}, 64), {.incumbent = Candidate{0, 8}});
  const auto steps = steps_of(
      *searcher, [](Candidate c) { return ok(1 + 0.01 * c.batch); }, 8);
  EXPECT_THAT(batches_of(windows_of(steps)), ElementsAre(8, 8, 4, 2, 1, 16, 32, 64));
}

TEST(Thompson, StopsADirectionWhereABatchCostsTwiceTheBest) {
  const auto searcher =
      make_searcher("thompson", space_of({"a"}, 64), {.incumbent = Candidate{0, 16}});
  std::map<int, int> tried;
  steps_of(*searcher, [&](Candidate c) {
    ++tried[c.batch];
    return ok(c.batch < 8 ? 3 : 1);
  });
  EXPECT_EQ(tried[4], 1);
  EXPECT_FALSE(tried.contains(2));
  EXPECT_FALSE(tried.contains(1));
}

TEST(Thompson, DrawsTheCheapestMostOftenUnderNoise) {
  std::mt19937_64 generator(5);
  std::normal_distribution<double> noise(0, 0.02);
  const auto searcher = make_searcher("thompson", space_of({"a", "b"}, 64), {.seed = 2});
  std::map<Candidate, int> drawn;
  steps_of(
      *searcher,
      [&](Candidate c) {
        ++drawn[c];
        const double arm = c.arm == 1 ? 0.95 : 1;
        return ok(arm * (1 + 4.0 / c.batch + c.batch / 64.0) * (1 + noise(generator)));
      },
      120);
  const auto most = std::ranges::max_element(drawn, {}, &std::pair<const Candidate, int>::second);
  EXPECT_EQ(most->first, (Candidate{1, 16}));
  EXPECT_EQ(searcher->best()->candidate, (Candidate{1, 16}));
}

}  // namespace
}  // namespace autotune
