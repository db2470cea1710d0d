#include "search/replay/replay.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "autotune/error.hpp"
#include "search/replay/replay_json.hpp"

namespace autotune::replay {
namespace {

using ::testing::DoubleNear;
using ::testing::Optional;

constexpr Noise none{.sigma = 0, .rho = 0, .drift = 0, .latency = 0};

/// Two arms of 100 and 200 W with 24 batches, the best at batch 24 of the second; `limit` rows fit.
Table two_arms(int limit = 24) {
  std::string text = "arm,batch,latency_ms,joules_per_unit,status,peak_memory_bytes\n";
  for (int arm = 0; arm < 2; ++arm) {
    for (int batch = 1; batch <= 24; ++batch) {
      const double watts = 100 * (arm + 1);
      const double latency_ms = (10 + 0.5 * batch) / (arm == 0 ? 1 : 3);
      text += batch > limit ? fmt::format("arm{},{},,,out_of_memory,\n", arm, batch)
                            : fmt::format("arm{},{},{},{},ok,{}\n", arm, batch, latency_ms,
                                          watts * latency_ms / 1000 / batch, 1000 + 10 * batch);
    }
  }
  return Table::parse(text, "two_arms");
}

TEST(Replay, FindsTheOptimumOfASweepWithoutNoise) {
  const ReplayResult result = replay(two_arms(), {.searcher = "sweep", .noise = none});
  EXPECT_THAT(result.pick, Optional(Candidate{1, 24}));
  EXPECT_THAT(result.regret, Optional(0.0));
  EXPECT_EQ(result.spent.windows, 48);
  EXPECT_FALSE(result.stopped_by_limit);
}

TEST(Replay, GivesTheSameResultForTheSameSeed) {
  const Table table = two_arms(20);
  for (const SearcherEntry& entry : searchers()) {
    const ReplayOptions options{
        .searcher = std::string(entry.name), .seed = 7, .budget = {.windows = 20}};
    EXPECT_EQ(to_json(replay(table, options), table, "t", 7),
              to_json(replay(table, options), table, "t", 7))
        << entry.name;
  }
}

TEST(Replay, JudgesAPickByItsTrueValue) {
  // A second of noise this large makes the picks differ; a regret is the table's all the same.
  const Table table = two_arms();
  bool erred = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const ReplayResult result =
        replay(table, {.searcher = "random", .seed = seed, .noise = {.sigma = 0.2}});
    const double truth = *table.at(*result.pick).joules_per_unit;
    EXPECT_THAT(result.regret,
                Optional(DoubleNear(truth / *table.at({1, 24}).joules_per_unit - 1, 1e-12)));
    erred = erred || *result.regret > 0;
  }
  EXPECT_TRUE(erred);
}

TEST(Replay, ComparesWithTheBestPowerOfTwo) {
  const Table table = two_arms();
  const ReplayResult result = replay(table, {.searcher = "sweep", .noise = none});
  const double power = *table.at({1, 16}).joules_per_unit;
  EXPECT_THAT(result.power_of_two_regret,
              Optional(DoubleNear(power / *table.at({1, 24}).joules_per_unit - 1, 1e-12)));
}

TEST(Replay, HasNoPickWhereNothingKeepsTheLimits) {
  const Table table = two_arms();
  const ReplayResult result =
      replay(table, {.searcher = "sweep", .limits = {.max_latency_ms = 0.001}, .noise = none});
  EXPECT_FALSE(result.pick);
  EXPECT_FALSE(result.regret);
  const auto line = nlohmann::json::parse(to_json(result, table, "t", 0));
  EXPECT_TRUE(line["pick"].is_null());
  EXPECT_TRUE(line["regret"].is_null());
  EXPECT_TRUE(line["ratio"].is_null());
}

TEST(Replay, MeasuresTheIncumbentOfTheCaller) {
  const ReplayResult result = replay(two_arms(), {.searcher = "random",
                                                  .budget = {.windows = 1},
                                                  .incumbent = Candidate{0, 3},
                                                  .noise = none});
  EXPECT_THAT(result.pick, Optional(Candidate{0, 3}));
}

TEST(Replay, RefusesAnUnknownSearcher) {
  EXPECT_THROW((void)replay(two_arms(), {.searcher = "oracle"}), Error);
}

class EverySearcherReplayed : public ::testing::TestWithParam<std::string_view> {
 protected:
  static ReplayResult run(const SearchBudget& budget) {
    return replay(two_arms(18), {.searcher = std::string(GetParam()), .seed = 3, .budget = budget});
  }
};

TEST_P(EverySearcherReplayed, KeepsWithinTheWindows) {
  for (const int windows : {0, 1, 5, 12, 30}) {
    EXPECT_LE(run({.windows = windows}).spent.windows, windows);
  }
}

TEST_P(EverySearcherReplayed, KeepsWithinTheSeconds) {
  for (const double seconds : {0.05, 1.0, 14.0, 40.0}) {
    EXPECT_LE(run({.seconds = seconds}).spent.seconds, seconds + 1e-6);
  }
}

TEST_P(EverySearcherReplayed, KeepsWithinTheJoules) {
  for (const double joules : {1.0, 500.0, 4000.0}) {
    EXPECT_LE(run({.joules = joules}).spent.joules, joules + 1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Searchers, EverySearcherReplayed, ::testing::ValuesIn([] {
                           std::vector<std::string_view> names;
                           for (const auto& entry : searchers()) names.push_back(entry.name);
                           return names;
                         }()));

}  // namespace
}  // namespace autotune::replay
