#include <gmock/gmock.h>

#include "autotune/error.hpp"
#include "unit/profile/example_profile.hpp"
#include "vocabulary/json.hpp"

namespace autotune {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class Find : public ::testing::Test {
 protected:
  [[nodiscard]] ProfileStore store() const { return {temporary_.path() / "own", {shared()}}; }
  [[nodiscard]] std::filesystem::path shared() const { return temporary_.path() / "shared"; }
  void save(const Profile& profile) const { static_cast<void>(store().save(profile)); }
  void share(const Profile& profile) const {
    static_cast<void>(ProfileStore(shared(), {}).save(profile));
  }
  [[nodiscard]] Found find(const std::string& key, const Limits& limits = {},
                           const HardwareKey& device = example_key()) {
    return store().find(key, device, limits, warnings_);
  }
  [[nodiscard]] std::string config(const Limits& limits) {
    const Found found = find("minilm", limits);
    return found.config ? to_string(*found.config) : found.advice;
  }

  TemporaryFolder temporary_;
  std::vector<std::string> warnings_;
};

TEST_F(Find, GivesTheBestByNameAndByFingerprint) {
  save(example_profile());
  for (const char* key : {"minilm", "zip:0011223344556677"}) {
    const Found found = find(key);
    EXPECT_EQ(found.match, Match::exact);
    EXPECT_EQ(found.config, example_profile().best.config);
    EXPECT_THAT(found.advice, IsEmpty());
  }
}

TEST_F(Find, GivesTheBestByTheNameOfItsFile) {
  save(example_profile());
  const std::string stem = store().load(warnings_).at(0).path.stem().string();
  EXPECT_EQ(find(stem).match, Match::exact);
}

TEST_F(Find, NamesTheCommandWhereThereIsNoProfile) {
  const Found found = find("unknown");
  EXPECT_EQ(found.match, Match::none);
  EXPECT_FALSE(found.profile);
  EXPECT_FALSE(found.config);
  EXPECT_THAT(found.advice, AllOf(HasSubstr("'unknown'"), HasSubstr("autotune tune MODEL")));
}

TEST_F(Find, DoesNotTakeAnEmptyNameForEveryName) {
  save(example_profile());
  EXPECT_EQ(find("").match, Match::none);
}

TEST_F(Find, FindsANameThatJsonEscapes) {
  Profile profile = example_profile();
  profile.workload.name = "modèle \"x\"";
  save(profile);
  EXPECT_EQ(find("modèle \"x\"").match, Match::exact);
}

TEST_F(Find, NeverUsesAnotherDevicesProfileAndSaysWhatDiffers) {
  save(example_profile());
  HardwareKey device = example_key();
  device.identity["cores"] = "64";
  const Found found = find("minilm", {}, device);
  EXPECT_EQ(found.match, Match::none);
  EXPECT_FALSE(found.config);
  EXPECT_THAT(found.advice,
              AllOf(HasSubstr("cores was 2, is 64 here"), HasSubstr("autotune tune MODEL")));
}

TEST_F(Find, ExplainsASameModelMatch) {
  save(example_profile());
  HardwareKey device = example_key();
  device.conditions["libtorch"] = "2.15.0";
  const Found found = find("minilm", {}, device);
  EXPECT_EQ(found.match, Match::same_model);
  EXPECT_EQ(found.config, example_profile().best.config);
  EXPECT_THAT(found.differences, SizeIs(1));
  EXPECT_THAT(found.advice, AllOf(HasSubstr("libtorch was 2.11.0, is 2.15.0 here"),
                                  HasSubstr("other kernels"), HasSubstr("autotune tune MODEL")));
}

TEST_F(Find, PrefersAnExactMatchToTheUsersOwnProfile) {
  Profile own = example_profile();
  own.key.conditions["libtorch"] = "2.9.0";
  save(own);
  share(example_profile());
  const Found found = find("minilm");
  EXPECT_EQ(found.match, Match::exact);
  EXPECT_THAT(found.profile->path.string(), HasSubstr("shared"));
}

TEST_F(Find, PrefersTheUsersOwnProfileToAnEqualOne) {
  share(example_profile());
  Profile own = example_profile();
  own.created = "2020-01-01T00:00:00Z";
  save(own);
  EXPECT_THAT(find("minilm").profile->path.string(), HasSubstr("own"));
}

TEST_F(Find, PrefersTheNewestOfOneFolder) {
  Profile renamed = example_profile();
  renamed.workload.name = "minilm2";
  renamed.created = "2027-01-01T00:00:00Z";
  save(renamed);
  save(example_profile());
  EXPECT_EQ(find("zip:0011223344556677").profile->workload.name, "minilm2");
}

TEST_F(Find, ListsTheCandidatesOfAnAmbiguousName) {
  save(example_profile());
  Profile other = example_profile();
  other.workload.fingerprint = "zip:99";
  other.workload.inputs = "int64[batch,128]";
  save(other);
  try {
    static_cast<void>(find("minilm"));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("2 workloads"), HasSubstr("int64[batch,32]"),
                                    HasSubstr("int64[batch,128]")));
  }
}

TEST_F(Find, TakesTheNewestInputsOfAModelAndSaysSo) {
  save(example_profile());
  Profile longer = example_profile();
  longer.workload.inputs = "int64[batch,128]";
  longer.created = "2027-01-01T00:00:00Z";
  save(longer);
  EXPECT_EQ(find("zip:0011223344556677").profile->workload.inputs, "int64[batch,128]");
  EXPECT_THAT(warnings_, ::testing::Contains(HasSubstr("2 kinds of inputs")));
}

TEST_F(Find, IgnoresTheSameNameOnOtherHardware) {
  save(example_profile());
  Profile elsewhere = example_profile();
  elsewhere.workload.fingerprint = "zip:99";
  elsewhere.key.identity["cores"] = "64";
  save(elsewhere);
  EXPECT_EQ(find("minilm").match, Match::exact);
}

TEST_F(Find, TakesTheLeastEnergyWithinTheLatencyLimit) {
  save(example_profile());
  EXPECT_EQ(config({.max_latency_ms = 30}), "batch=28,precision=bf16,layout=plain");
  EXPECT_EQ(config({.max_latency_ms = 29}), "batch=8,precision=bf16,layout=plain");
  EXPECT_EQ(config({.max_latency_ms = 9}), "batch=1,precision=fp32,layout=plain");
}

TEST_F(Find, TakesTheLeastEnergyWithinTheMemoryLimit) {
  save(example_profile());
  EXPECT_EQ(config({.max_memory_bytes = 2'000'000}), "batch=8,precision=bf16,layout=plain");
}

TEST_F(Find, SaysHowFarOffTheLimitsAre) {
  save(example_profile());
  const Found found = find("minilm", {.max_latency_ms = 5.5});
  EXPECT_FALSE(found.config);
  EXPECT_THAT(found.advice, AllOf(HasSubstr("7 ms"), HasSubstr("5.5 ms"), HasSubstr("batch=1,")));
}

TEST_F(Find, ReadsAProfileThatIsLaidOutInAnotherWay) {
  save(example_profile());
  const auto path = store().load(warnings_).at(0).path;
  for (const int indent : {-1, 0, 1, 2}) {
    write(path, Json::parse(read(path)).dump(indent));
    EXPECT_EQ(config({}), "batch=28,precision=bf16,layout=plain") << indent;
    EXPECT_EQ(config({.max_latency_ms = 29}), "batch=8,precision=bf16,layout=plain") << indent;
  }
}

TEST_F(Find, NeedsTheOtherPointsOnlyForOtherLimits) {
  save(example_profile());
  EXPECT_THAT(find("minilm").profile->trials, IsEmpty());
  EXPECT_THAT(find("minilm", {.max_latency_ms = 29}).profile->trials, Not(IsEmpty()));
}

TEST_F(Find, NeverChoosesAnInaccuratePoint) {
  Profile profile = example_profile();
  for (Trial& trial : profile.trials) trial.status = TrialStatus::ok;
  save(profile);
  EXPECT_FALSE(find("minilm", {.max_latency_ms = 6}).config);
}

TEST_F(Find, TakesTheLeastTimeWhereNoJoulesWereRead) {
  Profile profile = example_profile();
  for (Trial& trial : profile.trials) {
    if (trial.measurement) trial.measurement->joules_per_unit.reset();
  }
  save(profile);
  EXPECT_EQ(config({.max_latency_ms = 20}), "batch=8,precision=bf16,layout=plain");
}

}  // namespace
}  // namespace autotune
