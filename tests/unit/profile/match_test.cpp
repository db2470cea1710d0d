#include <gmock/gmock.h>

#include "unit/profile/example_profile.hpp"

namespace autotune {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Match, IsExactForEqualKeys) {
  const KeyComparison result = compare(example_key(), example_key());
  EXPECT_EQ(result.match, Match::exact);
  EXPECT_THAT(result.differences, IsEmpty());
  EXPECT_THAT(result.unchecked, IsEmpty());
}

TEST(Match, NeverLooksAtTheRecord) {
  HardwareKey elsewhere = example_key();
  elsewhere.record = {{"host", "there"}, {"uuid", "GPU-1"}};
  EXPECT_EQ(compare(example_key(), elsewhere).match, Match::exact);
}

class IdentityField : public ::testing::TestWithParam<std::string> {};

TEST_P(IdentityField, ThatDiffersIsAnotherDevice) {
  HardwareKey device = example_key();
  device.identity[GetParam()] = "other";
  const KeyComparison result = compare(example_key(), device);
  EXPECT_EQ(result.match, Match::none);
  ASSERT_EQ(result.differences.size(), 1U);
  EXPECT_EQ(result.differences[0].field, GetParam());
  EXPECT_EQ(result.differences[0].profile_value, example_key().identity[GetParam()]);
  EXPECT_EQ(result.differences[0].device_value, "other");
}

INSTANTIATE_TEST_SUITE_P(Each, IdentityField, ::testing::Values("cpu_model", "cores"));

class ConditionsField : public ::testing::TestWithParam<std::string> {};

TEST_P(ConditionsField, ThatDiffersIsTheSameModelWithAMeaning) {
  HardwareKey device = example_key();
  device.conditions[GetParam()] = "other";
  const KeyComparison result = compare(example_key(), device);
  EXPECT_EQ(result.match, Match::same_model);
  ASSERT_EQ(result.differences.size(), 1U);
  EXPECT_EQ(result.differences[0].field, GetParam());
  EXPECT_FALSE(result.differences[0].meaning.empty());
}

INSTANTIATE_TEST_SUITE_P(Each, ConditionsField, ::testing::Values("libtorch", "autotune"));

TEST(Match, ListsWhatOnlyTheProfileKnowsAsUnchecked) {
  HardwareKey cheap = example_key();
  cheap.identity.erase("cores");
  cheap.conditions.erase("libtorch");
  const KeyComparison result = compare(example_key(), cheap);
  EXPECT_EQ(result.match, Match::exact);
  EXPECT_THAT(result.unchecked, ElementsAre("cores", "libtorch"));
}

TEST(Match, IsNotExactWhereTheProfileLacksAField) {
  HardwareKey device = example_key();
  device.identity["power_limit_watts"] = "700";
  const KeyComparison result = compare(example_key(), device);
  EXPECT_EQ(result.match, Match::same_model);
  EXPECT_EQ(result.differences[0].profile_value, "");
}

TEST(Match, NeedsAFieldInCommon) {
  EXPECT_EQ(compare({}, example_key()).match, Match::none);
  EXPECT_EQ(compare(example_key(), {}).match, Match::none);
  EXPECT_EQ(compare({}, {}).match, Match::none);
}

}  // namespace
}  // namespace autotune
