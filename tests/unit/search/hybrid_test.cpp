#include <gmock/gmock.h>

#include <set>

#include "drive.hpp"
#include "simulated_device.hpp"

namespace autotune {
namespace {

std::unique_ptr<Searcher> hybrid(SearchSpace space, SearchOptions options = {}) {
  return make_searcher("hybrid", std::move(space), std::move(options));
}

/// Three arms: the second is the best by a tenth, its tiles are 48 wide.
SimulatedDevice three_arms() {
  SimulatedDevice device;
  device.latency_ms = [](const Candidate& c) {
    constexpr double scale[] = {1.25, 1.0, 1.1};
    constexpr int tile[] = {64, 48, 32};
    return scale[c.arm] * tiled_latency(c.batch, tile[c.arm], 4, tile[c.arm] / 16.0);
  };
  return device;
}

const SearchSpace three_arms_space = space_of({"a", "b", "c"}, 200);

TEST(Hybrid, IsTheDefault) { EXPECT_EQ(searchers().front().name, "hybrid"); }

TEST(Hybrid, FindsTheLastBatchBeforeAnEdgeThatIsNoPowerOfTwo) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    SimulatedDevice device = three_arms();
    device.generator.seed(seed);
    device.window_scatter = 0.005;
    const auto searcher = hybrid(three_arms_space, {.seed = seed, .budget = {.windows = 60}});
    device.search(*searcher);
    EXPECT_EQ(searcher->best()->candidate, (Candidate{1, 192})) << "seed " << seed;
  }
}

TEST(Hybrid, FindsAnEdgeInTokensWhereRowsHaveSeveral) {
  SimulatedDevice device;
  device.latency_ms = [](const Candidate& c) { return tiled_latency(c.batch * 7, 256, 4); };
  const auto searcher =
      hybrid(space_of({"a"}, 80), {.budget = {.windows = 30}, .units_per_row = 7});
  device.search(*searcher);
  EXPECT_EQ(searcher->best()->candidate.batch, 73);  // 511 of 512 tokens.
}

TEST(Hybrid, KeepsWithinEachBudget) {
  const SearchBudget budgets[] = {
      {.windows = 7}, {.windows = 12}, {.windows = 40}, {.seconds = 45}, {.joules = 6000}};
  for (const SearchBudget& budget : budgets) {
    SimulatedDevice device = three_arms();
    const auto searcher = hybrid(three_arms_space, {.budget = budget});
    device.search(*searcher);
    EXPECT_LE(device.windows, budget.windows.value_or(1 << 20));
    EXPECT_LE(device.seconds, budget.seconds.value_or(1e9));
    EXPECT_LE(device.joules, budget.joules.value_or(1e9));
    EXPECT_TRUE(searcher->best().has_value());
    EXPECT_FALSE(searcher->why_ended().empty());
  }
}

TEST(Hybrid, MeasuresEachArmThatItPaidToEnter) {
  for (double seconds = 30; seconds <= 80; seconds += 2.5) {
    SimulatedDevice device = three_arms();
    device.peak_memory_bytes = [](const Candidate& c) { return 1000ull * c.batch; };
    device.capacity_bytes = 150'000;
    const auto searcher = hybrid(three_arms_space, {.budget = {.seconds = seconds}});
    device.search(*searcher);
    for (std::size_t arm = 0; arm < 3; ++arm) {
      if (device.count(StepKind::fit, arm) == 0) continue;
      EXPECT_GT(device.count(StepKind::window, arm), 0) << seconds << " s, arm " << arm;
    }
  }
}

TEST(Hybrid, HasAnAnswerHoweverLittleTimeThereIs) {
  for (double seconds = 2; seconds <= 10; seconds += 0.25) {
    SimulatedDevice device = three_arms();
    device.peak_memory_bytes = [](const Candidate& c) { return 1000ull * c.batch; };
    device.capacity_bytes = 50'000;
    const auto searcher = hybrid(three_arms_space, {.budget = {.seconds = seconds}});
    device.search(*searcher);
    EXPECT_TRUE(searcher->best().has_value()) << seconds << " s";
    EXPECT_LE(device.seconds, seconds + device.window_seconds);  // What it costs is not known yet.
  }
}

TEST(Hybrid, VisitsTheArmThatTheIncumbentLoadedInAFewSeconds) {
  SimulatedDevice device = three_arms();
  device.peak_memory_bytes = [](const Candidate& c) { return 1000ull * c.batch; };
  device.capacity_bytes = 150'000;
  const auto searcher =
      hybrid(three_arms_space, {.incumbent = Candidate{0, 1}, .budget = {.seconds = 8}});
  device.search(*searcher);
  EXPECT_GT(device.count(StepKind::fit, 0), 0);
  EXPECT_LT(device.regret(searcher->best()->candidate, space_of({"a"}, 200)), 0.05);
}

TEST(Hybrid, NeedsNoMoreThanTwelveWindows) {
  int good = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SimulatedDevice device = three_arms();
    device.generator.seed(seed);
    const auto searcher = hybrid(three_arms_space, {.seed = seed, .budget = {.windows = 12}});
    device.search(*searcher);
    good += device.regret(searcher->best()->candidate, three_arms_space) < 0.01;
  }
  EXPECT_GE(good, 18);
}

TEST(Hybrid, SearchesSixteenArmsOf4096Batches) {
  SimulatedDevice device;
  device.latency_ms = [](const Candidate& c) {
    const auto arm = static_cast<double>(c.arm);
    return (1 + 0.05 * std::abs(arm - 11)) * tiled_latency(c.batch, 200, 8, 4);
  };
  const SearchSpace space = space_of(
      {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"}, 4096);
  const auto searcher = hybrid(space, {.budget = {.windows = 60}});
  device.search(*searcher);
  EXPECT_LT(device.regret(searcher->best()->candidate, space), 0.01);
  EXPECT_LT(device.steps.size(), 1500u);
}

TEST(Hybrid, StopsBeforeTheBudgetWhenNothingLeftCanMatter) {
  SimulatedDevice device = three_arms();
  device.window_scatter = 0.003;
  const auto searcher = hybrid(three_arms_space, {.budget = {.windows = 500}});
  device.search(*searcher);
  EXPECT_LT(device.windows, 150);
  EXPECT_EQ(searcher->why_ended(), "nothing left can matter");
}

TEST(Hybrid, LeavesASlowArmAfterAFewProbes) {
  SimulatedDevice device = three_arms();
  device.latency_ms = [](const Candidate& c) {
    return (c.arm == 2 ? 10 : 1) * tiled_latency(c.batch, 64, 4, 4);
  };
  const auto searcher = hybrid(three_arms_space, {.budget = {.windows = 60}});
  device.search(*searcher);
  EXPECT_EQ(device.count(StepKind::window, 2), 0);
  EXPECT_LE(device.count(StepKind::probe, 2), 3);
}

TEST(Hybrid, SpendsOneStepOnAnArmThatCrashes) {
  const auto searcher = hybrid(three_arms_space, {.budget = {.windows = 30}});
  SimulatedDevice device = three_arms();
  while (const auto step = searcher->ask()) {
    Outcome outcome = device.measure(*step);
    if (step->candidate.arm == 1) outcome = {.status = TrialStatus::crashed, .seconds = 5};
    searcher->tell(*step, outcome);
  }
  EXPECT_EQ(device.count(StepKind::fit, 1) + device.count(StepKind::probe, 1) +
                device.count(StepKind::window, 1),
            1);
  EXPECT_NE(searcher->best()->candidate.arm, 1u);
}

TEST(Hybrid, ProbesLittleWhereAProbeCostsNearlyAWindow) {
  SimulatedDevice device = three_arms();
  device.probe_seconds = 1.2;
  device.latency_scatter = 0.01;
  const auto searcher = hybrid(three_arms_space, {.budget = {.windows = 60}});
  device.search(*searcher);
  int probes = 0;
  for (std::size_t arm = 0; arm < 3; ++arm) probes += device.count(StepKind::probe, arm);
  EXPECT_LE(probes, 4);
  EXPECT_LT(device.regret(searcher->best()->candidate, three_arms_space), 0.03);
}

// A CPU without a counter: energy is a constant wattage times the very latency of the window, and a
// probe is as dear and as noisy as a window.
TEST(Hybrid, SearchesWhereEnergyIsTimeInDisguise) {
  int good = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    SimulatedDevice device = three_arms();
    device.generator.seed(seed);
    device.latency_scatter = 0.02;
    device.probe_seconds = 1.2;
    device.switch_seconds = 0.5;
    const auto searcher = hybrid(three_arms_space, {.seed = seed, .budget = {.seconds = 90}});
    while (const auto step = searcher->ask()) {
      Outcome outcome = device.measure(*step);
      if (outcome.joules_per_unit) {
        outcome.joules_per_unit = 0.1 * *outcome.latency_ms / step->candidate.batch;
      }
      searcher->tell(*step, outcome);
    }
    good += device.regret(searcher->best()->candidate, three_arms_space) < 0.03;
  }
  EXPECT_GE(good, 8);
}

TEST(Hybrid, NeedsNoLatencyAtAll) {
  SimulatedDevice device = three_arms();
  const auto searcher = hybrid(three_arms_space, {.budget = {.windows = 60}});
  while (const auto step = searcher->ask()) {
    Outcome outcome = device.measure(*step);
    outcome.latency_ms.reset();
    outcome.latency_p99_ms.reset();
    searcher->tell(*step, outcome);
  }
  EXPECT_LT(device.regret(searcher->best()->candidate, three_arms_space), 0.03);
}

TEST(Hybrid, RunsOutOfMemoryAtMostOnceAndAHalfAnArm) {
  SimulatedDevice device;
  device.latency_ms = [](const Candidate& c) { return tiled_latency(c.batch, 16, 4); };
  device.peak_memory_bytes = [](const Candidate& c) {
    return (4000ull + 500 * c.arm + (20 + 7 * c.arm) * static_cast<unsigned>(c.batch)) << 20;
  };
  device.capacity_bytes = 14000ull << 20;
  const SearchSpace space = space_of({"a", "b", "c", "d"}, 1024);
  const auto searcher = hybrid(space, {.budget = {.windows = 40}});
  device.search(*searcher);
  EXPECT_LE(device.out_of_memory, 6);
  EXPECT_LT(device.regret(searcher->best()->candidate, space), 0.01);
}

TEST(Hybrid, FindsTheEdgeOfTheLatencyLimitByBisection) {
  SimulatedDevice device;
  device.latency_ms = [](const Candidate& c) { return 2 + 0.1 * c.batch; };
  const auto searcher =
      hybrid(space_of({"a"}, 1000), {.max_latency_ms = 30.05, .budget = {.windows = 30}});
  device.search(*searcher);
  EXPECT_LE(searcher->best()->candidate.batch, 280);
  EXPECT_GE(searcher->best()->candidate.batch, 240);  // Within 1 % of the best.
}

TEST(Hybrid, KeepsToAMemoryLimitWithoutRunningIntoIt) {
  SimulatedDevice device;
  device.latency_ms = [](const Candidate& c) { return 2 + 0.1 * c.batch; };
  device.peak_memory_bytes = [](const Candidate& c) {
    return (100ull + 10 * static_cast<unsigned>(c.batch)) << 20;
  };
  const auto searcher =
      hybrid(space_of({"a"}, 1000), {.max_memory_bytes = 2000ull << 20, .budget = {.windows = 30}});
  device.search(*searcher);
  for (const Step& step : device.steps) EXPECT_LE(step.candidate.batch, 190);
  EXPECT_GE(searcher->best()->candidate.batch, 180);  // Within 0.4 % of the best.
}

TEST(Hybrid, MeasuresWhatWasGoodElsewhere) {
  SimulatedDevice device = three_arms();
  const auto searcher =
      hybrid(three_arms_space,
             {.budget = {.windows = 30},
              .prior = {.edges = {77}, .promising = {Candidate{2, 101}, Candidate{9, 1}}}});
  device.search(*searcher);
  // Arms come as they are: which one is best changes with the hardware.
  EXPECT_EQ(device.steps.front().candidate.arm, 0u);
  EXPECT_TRUE(device.measured({2, 101}));
  EXPECT_TRUE(device.measured({2, 77}));
}

TEST(Hybrid, LeavesTheRaceToADriverThatRaces) {
  SimulatedDevice device = three_arms();
  const auto searcher = hybrid(three_arms_space, {.budget = {.windows = 60}, .race = false});
  device.search(*searcher);
  for (const Step& step : device.steps) EXPECT_EQ(step.round, 0);
  const auto finalists = searcher->finalists();
  EXPECT_LE(finalists.size(), 12u);
  EXPECT_EQ(std::set<Candidate>(finalists.begin(), finalists.end()).size(), finalists.size());
  EXPECT_THAT(finalists, ::testing::Contains(Candidate{1, 192}));
}

TEST(Hybrid, LooksAtTheNeighboursOfTheBest) {
  SimulatedDevice device = three_arms();
  const auto searcher = hybrid(three_arms_space, {.budget = {.windows = 60}});
  device.search(*searcher);
  const Candidate best = searcher->best()->candidate;
  EXPECT_TRUE(device.measured({best.arm, best.batch - 1}));
  EXPECT_TRUE(device.measured({best.arm, best.batch + 1}));
}

TEST(Hybrid, ComparesWithTheIncumbent) {
  SimulatedDevice device = three_arms();
  const Candidate incumbent{0, 8};
  const auto searcher =
      hybrid(three_arms_space, {.incumbent = incumbent, .budget = {.windows = 40}});
  device.search(*searcher);
  const Verdict verdict = *searcher->best();
  EXPECT_EQ(verdict.reference, incumbent);
  ASSERT_TRUE(verdict.ratio.has_value());
  const double truth = device.joules_per_row(verdict.candidate) / device.joules_per_row(incumbent);
  EXPECT_NEAR(verdict.ratio->value, truth, 0.05 * truth);
  EXPECT_LT(verdict.ratio->ci95.low, truth);
  EXPECT_GT(verdict.ratio->ci95.high, truth);
}

// Intervals must hold although the winner was chosen by the windows that measure it.
TEST(Hybrid, CoversTheTrueRatioInNineteenOfTwentySearches) {
  int covered = 0, asked = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimulatedDevice device = three_arms();
    device.generator.seed(seed);
    device.window_scatter = 0.024;
    const auto searcher = hybrid(three_arms_space, {.seed = seed, .budget = {.windows = 24}});
    device.search(*searcher);
    const Verdict verdict = *searcher->best();
    if (!verdict.ratio) continue;
    const double truth =
        device.joules_per_row(verdict.candidate) / device.joules_per_row(*verdict.reference);
    ++asked;
    covered += verdict.ratio->ci95.low <= truth && truth <= verdict.ratio->ci95.high;
  }
  EXPECT_GT(asked, 50);
  EXPECT_GE(covered, asked * 9 / 10);
}

TEST(Hybrid, GivesUpWithTheClosestMissWhereNothingKeepsTheLimits) {
  SimulatedDevice device = three_arms();
  const auto searcher = hybrid(three_arms_space, {.max_latency_ms = 1, .budget = {.windows = 30}});
  device.search(*searcher);
  EXPECT_FALSE(searcher->best().has_value());
  ASSERT_TRUE(searcher->closest_miss().has_value());
  EXPECT_NEAR(*searcher->closest_miss()->outcome.latency_p99_ms, 6.6, 0.7);
  EXPECT_EQ(searcher->why_ended(), "nothing that was tried keeps the limits");
}

TEST(Hybrid, AnswersTheSameAtEveryLook) {
  SimulatedDevice watched = three_arms(), left_alone = three_arms();
  const SearchOptions options{.seed = 5, .budget = {.windows = 40}};
  const auto first = hybrid(three_arms_space, options), second = hybrid(three_arms_space, options);
  while (const auto step = first->ask()) {
    first->tell(*step, watched.measure(*step));
    (void)first->best();
    (void)first->finalists();
  }
  left_alone.search(*second);
  ASSERT_EQ(watched.steps.size(), left_alone.steps.size());
  for (std::size_t i = 0; i < watched.steps.size(); ++i) {
    EXPECT_EQ(watched.steps[i].candidate, left_alone.steps[i].candidate);
  }
  EXPECT_EQ(first->best()->joules_per_unit, second->best()->joules_per_unit);
}

}  // namespace
}  // namespace autotune
