#include "autotune/searcher.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "autotune/error.hpp"
#include "unit/search/drive.hpp"

namespace autotune {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class EverySearcher : public ::testing::TestWithParam<std::string_view> {
 protected:
  static std::unique_ptr<Searcher> make(SearchSpace space, SearchOptions options = {}) {
    return make_searcher(GetParam(), std::move(space), std::move(options));
  }
};

TEST_P(EverySearcher, MeasuresTheIncumbentFirst) {
  const auto searcher = make(space_of({"a", "b"}, 16), {.incumbent = Candidate{1, 5}});
  const auto first = searcher->ask();
  EXPECT_EQ(first->candidate, (Candidate{1, 5}));
  EXPECT_EQ(first->kind, StepKind::window);
}

TEST_P(EverySearcher, AsksTheSameForTheSameSeed) {
  const auto measure = [](Candidate c) { return ok(1.0 / c.batch, 1.0 + c.batch % 7); };
  const auto first = make(space_of({"a", "b", "c"}, 30), {.seed = 3});
  const auto second = make(space_of({"a", "b", "c"}, 30), {.seed = 3});
  const auto one = steps_of(*first, measure);
  const auto other = steps_of(*second, measure);
  ASSERT_EQ(one.size(), other.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].candidate, other[i].candidate);
    EXPECT_EQ(one[i].kind, other[i].kind);
  }
}

TEST_P(EverySearcher, GivesEveryStepAnIdOfItsOwn) {
  const auto searcher = make(space_of({"a", "b"}, 20), {.incumbent = Candidate{0, 3}});
  std::set<int> ids;
  const auto steps = steps_of(*searcher, [](Candidate c) { return ok(1.0 / c.batch); });
  for (const Step& step : steps) ids.insert(step.id);
  EXPECT_EQ(ids.size(), steps.size());
}

TEST_P(EverySearcher, NeverTriesALargerBatchOfAnArmThatRanOutOfMemory) {
  const auto searcher = make(space_of({"a", "b"}, 64));
  std::map<std::size_t, int> failed_at;
  steps_of(*searcher, [&](Candidate c) {
    if (failed_at.contains(c.arm)) {
      EXPECT_LT(c.batch, failed_at[c.arm]);
    }
    if (c.arm == 0 && c.batch > 20) {
      failed_at[c.arm] = c.batch;
      return failed(TrialStatus::out_of_memory);
    }
    return ok(1, c.batch);
  });
  ASSERT_TRUE(searcher->best().has_value());
  EXPECT_NEAR(searcher->best()->joules_per_unit, 1, 1e-3);
}

TEST_P(EverySearcher, NeverAnswersWithWhatBreaksTheLatencyLimit) {
  const auto searcher = make(space_of({"a"}, 50), {.max_latency_ms = 20});
  steps_of(*searcher, [](Candidate c) { return ok(1.0 / c.batch, 5 + 0.75 * c.batch); });
  ASSERT_TRUE(searcher->best().has_value());
  EXPECT_LE(searcher->best()->candidate.batch, 20);
  EXPECT_GE(searcher->best()->candidate.batch, 16);
  EXPECT_FALSE(searcher->closest_miss().has_value());
}

TEST_P(EverySearcher, NamesTheClosestMissWhereNothingKeepsTheLimits) {
  const auto searcher = make(space_of({"a", "b"}, 12), {.max_memory_bytes = 1000});
  steps_of(*searcher, [](Candidate c) {
    Outcome outcome = ok(1);
    outcome.peak_memory_bytes = 1100 + 100 * c.batch + 50 * c.arm;
    return outcome;
  });
  EXPECT_FALSE(searcher->best().has_value());
  ASSERT_TRUE(searcher->closest_miss().has_value());
  EXPECT_EQ(searcher->closest_miss()->candidate, (Candidate{0, 1}));
  EXPECT_FALSE(searcher->why_ended().empty());
}

TEST_P(EverySearcher, LeavesAnInaccurateArm) {
  const auto searcher = make(space_of({"a", "b"}, 30));
  int of_arm_0 = 0;
  steps_of(*searcher, [&](Candidate c) {
    of_arm_0 += c.arm == 0;
    return c.arm == 0 ? failed(TrialStatus::inaccurate) : ok(1);
  });
  EXPECT_LE(of_arm_0, 1);
  EXPECT_EQ(searcher->best()->candidate.arm, 1u);
}

TEST_P(EverySearcher, HasNoAnswerWhenEverythingFails) {
  const auto searcher = make(space_of({"a"}, 8));
  steps_of(*searcher, [](Candidate) { return failed(TrialStatus::crashed); });
  EXPECT_FALSE(searcher->best().has_value());
  EXPECT_FALSE(searcher->closest_miss().has_value());
}

TEST_P(EverySearcher, StaysInASpaceWithGapsAndArmsOfDifferentBatches) {
  const SearchSpace space{{{"a", {8, 24, 40, 72}}, {"b", {5}}, {"c", {16, 32, 48, 100, 1000}}}};
  const auto searcher = make(space, {.seed = 1, .incumbent = Candidate{1, 5}});
  const auto steps = steps_of(*searcher, [](Candidate c) {
    return ok((c.arm == 2 ? 1.0 : 2.0) + 10.0 / c.batch, 3.0 + c.batch);
  });
  for (const Step& step : steps) {
    EXPECT_THAT(space.arms[step.candidate.arm].batches, testing::Contains(step.candidate.batch));
  }
  ASSERT_TRUE(searcher->best().has_value());
  EXPECT_EQ(searcher->best()->candidate.arm, 2u);
}

TEST_P(EverySearcher, SaysWhyItEnded) {
  const auto searcher = make(space_of({"a", "b"}, 8));
  EXPECT_TRUE(searcher->why_ended().empty());
  steps_of(*searcher, [](Candidate c) { return ok(1.0 / c.batch, 1.0 + c.batch); });
  EXPECT_FALSE(searcher->why_ended().empty());
}

std::vector<std::string_view> names() {
  std::vector<std::string_view> names;
  for (const SearcherEntry& entry : searchers()) names.push_back(entry.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Table, EverySearcher, ::testing::ValuesIn(names()),
                         [](const auto& test) { return std::string(test.param); });

class ExhaustiveSearcher : public EverySearcher {};

TEST_P(ExhaustiveSearcher, AsksEachConfigurationOnceAndFindsTheBest) {
  const auto searcher = make(space_of({"a", "b"}, 40));
  const auto asked = windows_of(steps_of(*searcher, [](Candidate c) {
    return ok((c.arm == 1 ? 0.9 : 1.0) * (1 + std::abs(c.batch - 23)));
  }));
  EXPECT_EQ(asked.size(), 80u);
  EXPECT_EQ(std::set<Candidate>(asked.begin(), asked.end()).size(), 80u);
  EXPECT_EQ(searcher->best()->candidate, (Candidate{1, 23}));
}

INSTANTIATE_TEST_SUITE_P(Table, ExhaustiveSearcher,
                         ::testing::Values("sweep", "random", "hill_climb"),
                         [](const auto& test) { return std::string(test.param); });

TEST(Searchers, UnknownNameListsTheKnownOnes) {
  try {
    (void)make_searcher("magic", space_of({"a"}, 2), {});
    FAIL() << "accepted";
  } catch (const Error& error) {
    for (const std::string_view name : names()) {
      EXPECT_THAT(error.what(), HasSubstr(std::string(name)));
    }
    EXPECT_EQ(error.code(), ErrorCode::usage);
  }
}

TEST(Sweep, SpreadsItsFirstStepsOverTheRangeAndPastPowersOfTwo) {
  const auto searcher = make_searcher("sweep", space_of({"a"}, 128), {});
  const auto asked = windows_of(steps_of(
      *searcher, [](Candidate c) { return ok(1.0 / c.batch); }, 12));
  std::set<int> batches;
  int powers_of_two = 0;
  for (const Candidate& c : asked) {
    batches.insert(c.batch);
    powers_of_two += (c.batch & (c.batch - 1)) == 0;
  }
  EXPECT_TRUE(batches.contains(1));
  EXPECT_TRUE(batches.contains(128));
  EXPECT_LT(powers_of_two, 8);
  double widest = 0;
  for (auto left = batches.begin(), right = std::next(left); right != batches.end();
       ++left, ++right) {
    if (*right - *left > 1) widest = std::max(widest, 1.0 * *right / *left);
  }
  EXPECT_LT(widest, 2.2);
}

TEST(Sweep, LeavesAnArmFarBehindToTheEnd) {
  const auto searcher = make_searcher("sweep", space_of({"fast", "slow"}, 64), {});
  const auto asked =
      windows_of(steps_of(*searcher, [](Candidate c) { return ok(c.arm == 1 ? 7.0 : 1.0); }));
  int slow_before_the_fast_is_done = 0;
  int fast = 0;
  for (const Candidate& c : asked) {
    fast += c.arm == 0;
    slow_before_the_fast_is_done += c.arm == 1 && fast < 64;
  }
  EXPECT_LE(slow_before_the_fast_is_done, 8);
  EXPECT_EQ(asked.size(), 128u);
}

}  // namespace
}  // namespace autotune
