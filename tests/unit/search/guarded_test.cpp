#include "search/guarded.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "autotune/error.hpp"
#include "unit/search/drive.hpp"

namespace autotune {
namespace {

using ::testing::HasSubstr;

/// The message of the usage error that `action` throws.
std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    return error.what();
  }
  ADD_FAILURE() << "accepted";
  return {};
}

GuardedSearch guarded(SearchOptions options = {}) {
  return {"random", space_of({"a", "b"}, 8), std::move(options)};
}

TEST(GuardedSearch, GivesTheSameStepUntilItIsTold) {
  GuardedSearch search = guarded();
  const Step first = *search.ask();
  EXPECT_EQ(search.ask()->id, first.id);
  search.tell(first, ok(1));
  EXPECT_NE(search.ask()->id, first.id);
}

TEST(GuardedSearch, RefusesAStepThatWasToldOrNeverAsked) {
  GuardedSearch search = guarded();
  const Step first = *search.ask();
  Step later = first;
  later.id = 7;
  EXPECT_THAT(refusal([&] { search.tell(later, ok(1)); }), HasSubstr("never asked"));
  search.tell(first, ok(1));
  EXPECT_THAT(refusal([&] { search.tell(first, ok(1)); }), HasSubstr("told before"));
}

TEST(GuardedSearch, RefusesAStepThatWasChanged) {
  GuardedSearch search = guarded();
  Step step = *search.ask();
  step.candidate.batch = step.candidate.batch % 8 + 1;
  EXPECT_THAT(refusal([&] { search.tell(step, ok(1)); }), HasSubstr("not what was asked"));
}

TEST(GuardedSearch, RefusesValuesThatCannotBeAndStaysAsItWas) {
  GuardedSearch search = guarded();
  const Step step = *search.ask();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(refusal([&] { search.tell(step, ok(nan)); }), HasSubstr("joules_per_unit nan"));
  EXPECT_THAT(refusal([&] { search.tell(step, ok(-1)); }), HasSubstr("joules_per_unit -1"));
  EXPECT_THAT(refusal([&] { search.tell(step, ok(1, 0)); }), HasSubstr("latency_ms 0"));
  EXPECT_THAT(refusal([&] { search.tell(step, {}); }), HasSubstr("gives no joules_per_unit"));
  Outcome outcome = ok(1, 5);
  outcome.latency_p99_ms = 4;
  EXPECT_THAT(refusal([&] { search.tell(step, outcome); }), HasSubstr("below the median"));
  outcome = ok(1);
  outcome.seconds = -2;
  EXPECT_THAT(refusal([&] { search.tell(step, outcome); }), HasSubstr("seconds -2"));
  EXPECT_FALSE(search.best().has_value());
  search.tell(step, ok(1));
  EXPECT_EQ(search.best()->candidate, step.candidate);
}

TEST(GuardedSearch, WantsWhatALimitIsHeldAgainst) {
  GuardedSearch search = guarded({.max_latency_ms = 5, .max_memory_bytes = 100});
  const Step step = *search.ask();
  EXPECT_THAT(refusal([&] { search.tell(step, {.joules_per_unit = 1}); }),
              HasSubstr("gives no latency, which max_latency_ms needs"));
  EXPECT_THAT(refusal([&] { search.tell(step, ok(1)); }),
              HasSubstr("gives no peak_memory_bytes, which max_memory_bytes needs"));
  search.tell(step, failed(TrialStatus::crashed));
}

TEST(GuardedSearch, EndsOnItsBudgetAndSaysSo) {
  GuardedSearch search = guarded({.budget = {.windows = 3}});
  int windows = 0;
  while (const auto step = search.ask()) {
    search.tell(*step, ok(1));
    ++windows;
  }
  EXPECT_EQ(windows, 3);
  EXPECT_EQ(search.why_ended(), "the budget of 3 windows is spent");
}

TEST(GuardedSearch, RefusesASpaceOrAnOptionThatCannotBe) {
  const auto make = [](SearchSpace space, SearchOptions options = {}) {
    return refusal([&] { GuardedSearch("random", space, options); });
  };
  EXPECT_THAT(make({}), HasSubstr("no arm"));
  EXPECT_THAT(make({{{"a", {}}}}), HasSubstr("arm 'a' has no batches"));
  EXPECT_THAT(make({{{"a", {1}}, {"a", {2}}}}), HasSubstr("'a' is named twice"));
  EXPECT_THAT(make({{{"a", {0, 1}}}}), HasSubstr("batch 0"));
  EXPECT_THAT(make({{{"a", {2, 1, 2}}}}), HasSubstr("batch 2 of arm 'a' is listed twice"));
  EXPECT_THAT(make({{{"a", {1}}}}, {.incumbent = Candidate{0, 9}}), HasSubstr("incumbent's batch"));
  EXPECT_THAT(make({{{"a", {1}}}}, {.budget = {.windows = 0}}), HasSubstr("0 windows"));
  EXPECT_THAT(make({{{"a", {1}}}}, {.max_latency_ms = -1}), HasSubstr("max_latency_ms -1"));
}

TEST(GuardedSearch, PutsBatchesInOrder) {
  const GuardedSearch search("random", {{{"a", {4, 1, 2}}}}, {});
  EXPECT_THAT(search.space().arms[0].batches, ::testing::ElementsAre(1, 2, 4));
}

}  // namespace
}  // namespace autotune
