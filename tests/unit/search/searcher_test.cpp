#include "autotune/searcher.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include "autotune/error.hpp"

namespace autotune {
namespace {

SearchSpace space_of(std::vector<std::string> arms, int max_batch) {
  SearchSpace space;
  for (auto& name : arms) {
    std::vector<int> batches(static_cast<std::size_t>(max_batch));
    std::iota(batches.begin(), batches.end(), 1);
    space.arms.push_back({std::move(name), std::move(batches)});
  }
  return space;
}

Outcome ok(double joules) {
  return {.latency_ms = 1, .latency_p99_ms = 1, .joules_per_unit = joules};
}

/// Asks and tells until the searcher is done or `limit` steps are taken; the candidates, in order.
std::vector<Candidate> drive(Searcher& searcher, const std::function<Outcome(Candidate)>& measure,
                             int limit = 1 << 20) {
  std::vector<Candidate> asked;
  while (static_cast<int>(asked.size()) < limit) {
    const auto step = searcher.ask();
    if (!step) break;
    asked.push_back(step->candidate);
    searcher.tell(*step, measure(step->candidate));
  }
  return asked;
}

class EverySearcher : public ::testing::TestWithParam<std::string_view> {
 protected:
  static std::unique_ptr<Searcher> make(SearchSpace space, SearchOptions options = {}) {
    return make_searcher(GetParam(), std::move(space), std::move(options));
  }
};

TEST_P(EverySearcher, AsksEachConfigurationOnceAndFindsTheBest) {
  const auto searcher = make(space_of({"a", "b"}, 40));
  const auto asked = drive(*searcher, [](Candidate c) {
    return ok((c.arm == 1 ? 0.9 : 1.0) * (1 + std::abs(c.batch - 23)));
  });
  EXPECT_EQ(asked.size(), 80u);
  EXPECT_EQ(std::set<Candidate>(asked.begin(), asked.end()).size(), 80u);
  EXPECT_EQ(searcher->best()->candidate, (Candidate{1, 23}));
}

TEST_P(EverySearcher, MeasuresTheIncumbentFirst) {
  const auto searcher = make(space_of({"a", "b"}, 16), {.incumbent = Candidate{1, 5}});
  EXPECT_EQ(searcher->ask()->candidate, (Candidate{1, 5}));
}

TEST_P(EverySearcher, AsksTheSameForTheSameSeed) {
  const auto measure = [](Candidate c) { return ok(1.0 / c.batch); };
  const auto first = make(space_of({"a", "b", "c"}, 30), {.seed = 3});
  const auto second = make(space_of({"a", "b", "c"}, 30), {.seed = 3});
  EXPECT_EQ(drive(*first, measure), drive(*second, measure));
}

TEST_P(EverySearcher, NeverTriesALargerBatchOfAnArmThatRanOutOfMemory) {
  const auto searcher = make(space_of({"a", "b"}, 64));
  std::map<std::size_t, int> failed_at;
  drive(*searcher, [&](Candidate c) {
    if (failed_at.contains(c.arm)) {
      EXPECT_LT(c.batch, failed_at[c.arm]);
    }
    if (c.arm == 0 && c.batch > 20) {
      failed_at[c.arm] = c.batch;
      return Outcome{.status = TrialStatus::out_of_memory};
    }
    return ok(1);
  });
  EXPECT_EQ(searcher->best()->joules_per_unit, 1);
}

TEST_P(EverySearcher, NeverAnswersWithWhatBreaksTheLatencyLimit) {
  const auto searcher = make(space_of({"a"}, 50), {.max_latency_ms = 20});
  drive(*searcher, [](Candidate c) {
    return Outcome{.latency_p99_ms = 1.0 * c.batch, .joules_per_unit = 1.0 / c.batch};
  });
  EXPECT_EQ(searcher->best()->candidate.batch, 20);
}

TEST_P(EverySearcher, LeavesAnInaccurateArm) {
  const auto searcher = make(space_of({"a", "b"}, 30));
  int of_arm_0 = 0;
  drive(*searcher, [&](Candidate c) {
    of_arm_0 += c.arm == 0;
    return c.arm == 0 ? Outcome{.status = TrialStatus::inaccurate} : ok(1);
  });
  EXPECT_EQ(of_arm_0, 1);
}

TEST_P(EverySearcher, HasNoAnswerWhenEverythingFails) {
  const auto searcher = make(space_of({"a"}, 8));
  drive(*searcher, [](Candidate) { return Outcome{.status = TrialStatus::crashed}; });
  EXPECT_FALSE(searcher->best().has_value());
}

INSTANTIATE_TEST_SUITE_P(Table, EverySearcher, ::testing::Values("sweep", "random"),
                         [](const auto& test) { return std::string(test.param); });

TEST(Searchers, TableHoldsWhatTheTestsCover) {
  std::vector<std::string_view> names;
  for (const SearcherEntry& entry : searchers()) names.push_back(entry.name);
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("sweep", "random"));
}

TEST(Searchers, UnknownNameListsTheKnownOnes) {
  try {
    (void)make_searcher("magic", space_of({"a"}, 2), {});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("sweep, random"));
    EXPECT_EQ(error.code(), ErrorCode::usage);
  }
}

TEST(Sweep, SpreadsItsFirstStepsOverTheRangeAndPastPowersOfTwo) {
  const auto searcher = make_searcher("sweep", space_of({"a"}, 128), {});
  const auto asked = drive(
      *searcher, [](Candidate c) { return ok(1.0 / c.batch); }, 12);
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
  const auto asked = drive(*searcher, [](Candidate c) { return ok(c.arm == 1 ? 7.0 : 1.0); });
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
