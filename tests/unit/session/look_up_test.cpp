#include "autotune/look_up.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

#include "autotune/error.hpp"
#include "unit/profile/example_profile.hpp"

namespace autotune {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A cache of its own with one profile, of this machine's CPU.
class LookUpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("AUTOTUNE_CACHE_DIR", folder_.path().c_str(), 1);
    Profile profile = example_profile();
    profile.key = cpu_device().key;
    ProfileStore::from_environment().save(profile);
  }
  void TearDown() override { ::unsetenv("AUTOTUNE_CACHE_DIR"); }

  TemporaryFolder folder_;
  std::vector<std::string> warnings_;
};

TEST_F(LookUpTest, FindsTheCpusProfileWhereNoGpuHasOne) {
  const LookUp answer = look_up("minilm", "auto", {}, warnings_);
  EXPECT_EQ(answer.device.id, "cpu");
  EXPECT_EQ(answer.found.match, Match::exact);
  EXPECT_EQ(to_string(answer.found.config.value()), "batch=28,precision=bf16,layout=plain");
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(LookUpTest, ChoosesAmongThePointsWithinTheLimits) {
  const LookUp answer = look_up("zip:0011223344556677", "cpu", {.max_latency_ms = 12}, warnings_);
  EXPECT_EQ(answer.found.config->batch, 8);
}

TEST_F(LookUpTest, NamesADeviceAndAnAdviceWithoutAProfile) {
  const LookUp answer = look_up("other", "auto", {}, warnings_);
  EXPECT_FALSE(answer.found.config);
  EXPECT_FALSE(answer.device.id.empty());
  EXPECT_THAT(answer.found.advice, HasSubstr("autotune tune"));
}

TEST_F(LookUpTest, RefusesADeviceThatIsNotThere) {
  try {
    static_cast<void>(look_up("minilm", "cuda:99", {}, warnings_));
    ADD_FAILURE() << "cuda:99 was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::device);
    EXPECT_THAT(error.what(), HasSubstr("cuda:99"));
  }
}

}  // namespace
}  // namespace autotune
