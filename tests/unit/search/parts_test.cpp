// The parts that several searchers share.
#include <gmock/gmock.h>

#include <random>

#include "search/arm_state.hpp"
#include "search/largest_fit.hpp"
#include "search/rounds.hpp"
#include "search/spending.hpp"
#include "unit/search/drive.hpp"

namespace autotune {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// How many trials it takes to find that `largest` of 1 … `range` runs.
int trials_for(int largest, int range) {
  LargestFit fit(space_of({"a"}, range).arms[0].batches);
  int trials = 0;
  while (const auto batch = fit.next()) {
    fit.tell(*batch, *batch <= largest);
    ++trials;
  }
  EXPECT_EQ(fit.largest().value_or(0), largest);
  return trials;
}

TEST(LargestFit, FindsEveryEdge) {
  for (int largest = 0; largest <= 70; ++largest) EXPECT_LE(trials_for(largest, 70), 14);
}

TEST(LargestFit, NeedsNoMoreThanTwiceTheDoublings) { EXPECT_LE(trials_for(3000, 4096), 25); }

TEST(LargestFit, BelievesTheSmallerOfTwoContradictions) {
  LargestFit fit({1, 2, 4, 8});
  fit.tell(8, true);
  fit.tell(2, false);
  EXPECT_EQ(fit.largest(), 1);
  EXPECT_EQ(fit.next(), std::nullopt);
}

TEST(Rounds, GoThroughTheArmsForwardsThenBackwards) {
  Rounds rounds({{2, 5}, {0, 7}, {1, 3}}, 0.005);
  std::vector<std::size_t> arms;
  for (int i = 0; i < 6; ++i) {
    const auto step = rounds.next();
    arms.push_back(step->candidate.arm);
    rounds.tell(*step, ok(1), true);
  }
  EXPECT_THAT(arms, ElementsAre(0, 1, 2, 2, 1, 0));
}

TEST(Rounds, DropWhoeverIsFarBehindAndGoOnWithTheRest) {
  std::mt19937_64 generator(4);
  std::normal_distribution<double> noise(0, 0.01);
  Rounds rounds({{0, 1}, {1, 1}, {2, 1}}, 0.001);
  int of_the_slow = 0, of_the_rest = 0;
  while (const auto step = rounds.next()) {
    const bool slow = step->candidate.arm == 2;
    ++(slow ? of_the_slow : of_the_rest);
    const double truth = slow ? 1.5 : 1 + 0.01 * static_cast<double>(step->candidate.arm);
    rounds.tell(*step, ok(truth * (1 + noise(generator))), true);
  }
  EXPECT_LE(of_the_slow, 3);
  EXPECT_GT(of_the_rest, 8);
  EXPECT_EQ(rounds.verdict({})->candidate.arm, 0u);
}

TEST(Rounds, EndWhenOneIsLeft) {
  Rounds rounds({{0, 1}, {1, 1}}, 0.005);
  const auto first = rounds.next();
  rounds.tell(*first, ok(1), true);
  const auto second = rounds.next();
  rounds.tell(*second, failed(TrialStatus::crashed), false);
  EXPECT_EQ(rounds.next(), std::nullopt);
  EXPECT_EQ(rounds.verdict({})->candidate, first->candidate);
}

TEST(Rounds, HaveNoVerdictBeforeTheFirstRoundIsFull) {
  Rounds rounds({{0, 1}, {1, 1}}, 0.005);
  rounds.tell(*rounds.next(), ok(1), true);
  EXPECT_FALSE(rounds.verdict({}).has_value());
}

TEST(ClosestMiss, IsTheOneThatBreaksItsWorstLimitByLeast) {
  const SearchOptions options{.max_latency_ms = 10, .max_memory_bytes = 1000};
  ClosestMissSoFar closest;
  const auto learn = [&](int batch, double ms, std::uint64_t bytes) {
    Outcome outcome = ok(1, ms);
    outcome.peak_memory_bytes = bytes;
    closest.learn({0, batch}, outcome, options);
  };
  learn(1, 12, 100);   // 1.2 times the latency.
  learn(2, 11, 1500);  // 1.5 times the memory.
  learn(3, 11, 1100);  // 1.1 times both.
  learn(4, 11.5, 50);
  closest.learn({0, 5}, failed(TrialStatus::out_of_memory), options);
  EXPECT_EQ(closest.miss()->candidate.batch, 3);
}

TEST(Meets, JudgesTheMedianWhereThereIsNoP99) {
  const SearchOptions options{.max_latency_ms = 10};
  EXPECT_FALSE(meets({.latency_ms = 11}, options));
  EXPECT_TRUE(meets({.latency_ms = 9}, options));
  EXPECT_FALSE(meets({.latency_ms = 9, .latency_p99_ms = 11}, options));
}

TEST(Spending, CountsWindowsOnlyAgainstTheLimitOnWindows) {
  Spending spending;
  const SearchBudget budget{.windows = 2, .joules = 50};
  spending.learn({.kind = StepKind::probe}, {.seconds = 1, .joules = 9});
  spending.learn({.kind = StepKind::window}, {.seconds = 1, .joules = 9});
  EXPECT_FALSE(spending.exhausted(budget).has_value());
  spending.learn({.kind = StepKind::window}, {.seconds = 1, .joules = 9});
  EXPECT_THAT(*spending.exhausted(budget), HasSubstr("2 windows"));
  EXPECT_THAT(*spending.exhausted({.joules = 20}), HasSubstr("20 J"));
}

}  // namespace
}  // namespace autotune
