#include <gmock/gmock.h>

#include <cmath>
#include <random>
#include <set>

#include "unit/search/drive.hpp"

namespace autotune {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::Le;

std::unique_ptr<Searcher> make(SearchSpace space, SearchOptions options = {}) {
  return make_searcher("latency_first", std::move(space), std::move(options));
}

/// Work in tiles of 24 rows, and 2 ms that every iteration costs.
double tiled_ms(int batch) { return 2 + std::ceil(batch / 24.0); }

/// Power is 100 W, times the arm's own factor.
Measure tiled(std::vector<double> watts, int fits_up_to = 1 << 20) {
  return [=](const Candidate& c) {
    if (c.batch > fits_up_to) return failed(TrialStatus::out_of_memory);
    return ok(watts[c.arm] * tiled_ms(c.batch) / 1000 / c.batch, tiled_ms(c.batch));
  };
}

int switches(const std::vector<Step>& steps) {
  int count = 0;
  for (std::size_t i = 1; i < steps.size(); ++i) {
    count += steps[i].candidate.arm != steps[i - 1].candidate.arm;
  }
  return count;
}

TEST(LatencyFirst, ProbesEveryBatchThatFitsAndNoOther) {
  const auto searcher = make(space_of({"a"}, 200));
  const auto steps = steps_of(*searcher, tiled({100}, 130));
  const auto probed = candidates_of(steps, StepKind::probe);
  EXPECT_EQ(std::set<Candidate>(probed.begin(), probed.end()).size(), 130u);
  EXPECT_EQ(probed.size(), 130u);
  EXPECT_THAT(probed, Each(Field(&Candidate::batch, Le(130))));
  EXPECT_LE(candidates_of(steps, StepKind::fit).size(), 16u);
}

TEST(LatencyFirst, FindsTheLastBatchOfTheLastTileThatFits) {
  const auto searcher = make(space_of({"a", "b"}, 200));
  steps_of(*searcher, tiled({120, 100}, 130));
  EXPECT_EQ(searcher->best()->candidate, (Candidate{1, 120}));
}

TEST(LatencyFirst, FinishesAnArmBeforeTheNextUntilTheRace) {
  const auto searcher = make(space_of({"a", "b", "c"}, 60), {.race = false});
  const auto steps = steps_of(*searcher, tiled({100, 101, 102}));
  EXPECT_EQ(switches(steps), 2);
}

TEST(LatencyFirst, ProbesFewerBatchesWhereSecondsAreShort) {
  const auto searcher = make(space_of({"a"}, 2000), {.budget = {.seconds = 60}});
  const auto steps = steps_of(*searcher, [](const Candidate& c) {
    Outcome outcome = tiled({100})(c);
    outcome.seconds = 0.1;
    return outcome;
  });
  const auto probes = candidates_of(steps, StepKind::probe).size();
  EXPECT_LT(probes, 300u);
  EXPECT_GT(probes, 100u);
  EXPECT_LT(searcher->best()->joules_per_unit, 1.001 * 0.1 * tiled_ms(1992) / 1992);
}

TEST(LatencyFirst, GivesFewWindowsToTheFastestOfManyArms) {
  std::vector<std::string> names;
  for (int i = 0; i < 16; ++i) names.push_back(std::to_string(i));
  const auto searcher = make(space_of(names, 30), {.budget = {.windows = 12}});
  const auto steps = steps_of(*searcher, [](const Candidate& c) {
    const double ms = (1 + static_cast<double>((c.arm + 5) % 16)) * tiled_ms(c.batch);
    return ok(ms / c.batch, ms);
  });
  std::set<std::size_t> before_the_race;
  for (const Step& step : steps) {
    if (step.kind == StepKind::window && step.round == 0)
      before_the_race.insert(step.candidate.arm);
  }
  EXPECT_LE(before_the_race.size(), 8u);
  EXPECT_TRUE(before_the_race.contains(11));  // The fastest.
  EXPECT_EQ(searcher->best()->candidate, (Candidate{11, 24}));
}

TEST(LatencyFirst, RacesTheArmsBestInRounds) {
  std::mt19937_64 generator(1);
  std::normal_distribution<double> noise(0, 0.02);
  const auto searcher = make(space_of({"a", "b", "c"}, 48), {.incumbent = Candidate{0, 1}});
  const auto steps = steps_of(*searcher, [&](const Candidate& c) {
    Outcome outcome = tiled({104, 100, 160})(c);
    *outcome.joules_per_unit *= 1 + noise(generator);
    return outcome;
  });
  const auto best = searcher->best();
  EXPECT_EQ(best->candidate, (Candidate{1, 48}));
  EXPECT_GT(steps.back().round, 3);
  ASSERT_TRUE(best->ratio.has_value());
  EXPECT_EQ(best->reference, (Candidate{0, 1}));
  const double truth = (100 * tiled_ms(48) / 48) / (104 * tiled_ms(1));
  EXPECT_LT(best->ratio->ci95.low, truth);
  EXPECT_GT(best->ratio->ci95.high, truth);
  for (const Step& step : steps) {
    if (step.round > 0) {
      EXPECT_NE(step.candidate.arm, 2u);  // 60 % behind.
    }
  }
}

TEST(LatencyFirst, LeavesTheRaceToADriverThatRaces) {
  const auto searcher = make(space_of({"a", "b"}, 48), {.race = false});
  const auto steps = steps_of(*searcher, tiled({104, 100}));
  EXPECT_THAT(steps, Each(Field(&Step::round, 0)));
  EXPECT_THAT(searcher->finalists(), ElementsAre(Candidate{1, 48}, Candidate{0, 48}));
}

TEST(LatencyFirst, ProbesJustPastTheLatencyLimitSinceLatencyMayFallAgain) {
  const auto searcher = make(space_of({"a"}, 40), {.max_latency_ms = 10});
  const auto steps = steps_of(*searcher, [](const Candidate& c) {
    const double ms = c.batch == 17 ? 11 : c.batch <= 18 ? 9 : 20;
    return ok(ms / c.batch, ms);
  });
  EXPECT_EQ(searcher->best()->candidate.batch, 18);
  EXPECT_LE(candidates_of(steps, StepKind::probe).size(), 20u);
}

}  // namespace
}  // namespace autotune
