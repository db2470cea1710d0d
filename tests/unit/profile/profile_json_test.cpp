#include <gmock/gmock.h>

#include "autotune/error.hpp"
#include "unit/profile/example_profile.hpp"
#include "vocabulary/json.hpp"

namespace autotune {
namespace {

using ::testing::HasSubstr;

std::string error_of(const std::string& json) {
  try {
    static_cast<void>(parse_profile(json));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::profile);
    return error.what();
  }
  return "no error";
}

std::string with(const std::string& pointer, const Json& value) {
  Json json = Json::parse(to_json(example_profile()));
  json[Json::json_pointer(pointer)] = value;
  return json.dump();
}

TEST(ProfileJson, ReadsBackWhatWasWritten) {
  const Profile profile = example_profile();
  const Profile read = parse_profile(to_json(profile));
  EXPECT_EQ(to_json(read), to_json(profile));
  EXPECT_EQ(read.workload, profile.workload);
  EXPECT_EQ(read.key, profile.key);
  EXPECT_EQ(read.meter, profile.meter);
  EXPECT_EQ(read.best, profile.best);
  EXPECT_EQ(read.lossy_best, profile.lossy_best);
  EXPECT_EQ(read.trials, profile.trials);
  EXPECT_EQ(read.baselines[0].saving_ci95, profile.baselines[0].saving_ci95);
}

TEST(ProfileJson, KeepsTheConstraints) {
  Profile profile = example_profile();
  profile.constraints = {.max_latency_ms = 20,
                         .max_memory_bytes = 1ULL << 33U,
                         .min_cosine = 0.995,
                         .max_relative_l2 = 0.1,
                         .min_coverage = 0.7};
  const Constraints read = parse_profile(to_json(profile)).constraints;
  EXPECT_EQ(read.max_latency_ms, 20);
  EXPECT_EQ(read.max_memory_bytes, 1ULL << 33U);
  EXPECT_EQ(read.min_cosine, 0.995);
  EXPECT_EQ(read.max_relative_l2, 0.1);
  EXPECT_EQ(read.min_coverage, 0.7);
}

TEST(ProfileJson, KeepsUnknownFieldsOfAnOlderText) {
  Json old = Json::parse(to_json(example_profile()));
  old["colour"] = "green";
  old["workload"]["owner"] = "me";
  old["device"]["rack"] = 7;
  old["best"]["measurement"]["celsius"] = 61;
  old["trials"][1]["note"] = "kept";
  const Json now = Json::parse(to_json(example_profile(), old.dump()));
  EXPECT_EQ(now, old);
}

TEST(ProfileJson, DropsUnknownFieldsOfFiguresThatAreNew) {
  Json old = Json::parse(to_json(example_profile()));
  old["trials"][1]["measurement"]["celsius"] = 61;
  Profile again = example_profile();
  again.trials[1].measurement->latency_p99_ms = 11;
  const Json now = Json::parse(to_json(again, old.dump()));
  EXPECT_FALSE(now["trials"][1]["measurement"].contains("celsius"));
}

TEST(ProfileJson, DoesNotBringBackAConditionThatIsGone) {
  Profile again = example_profile();
  again.key.conditions.erase("libtorch");
  const Json now = Json::parse(to_json(again, to_json(example_profile())));
  EXPECT_FALSE(now["device"]["conditions"].contains("libtorch"));
}

TEST(ProfileJson, ReadsALaterMinorVersion) {
  EXPECT_EQ(parse_profile(with("/schema_version", "1.7.0")).workload.name, "minilm");
}

TEST(ProfileJson, PassesOverPointsWithAKnobOfALaterVersion) {
  const std::string json = with("/trials/1/config/execution/clock_mhz", 1410);
  const Profile profile = parse_profile(json);
  EXPECT_EQ(profile.trials.size(), example_profile().trials.size() - 1);
}

TEST(ProfileJson, KeepsPointsWithAKnobOfALaterVersionInTheFile) {
  const std::string json = with("/trials/1/config/execution/clock_mhz", 1410);
  EXPECT_THAT(to_json(parse_profile(json), json), HasSubstr("clock_mhz"));
}

TEST(ProfileJson, TakesTheLowestKnownPointWhereTheBestNeedsALaterVersion) {
  Json json = Json::parse(with("/best/config/execution/clock_mhz", 1410));
  json["trials"][2]["config"]["execution"]["clock_mhz"] = 1410;
  EXPECT_EQ(to_string(parse_profile(json.dump()).best.config),
            "batch=8,precision=bf16,layout=plain");
}

TEST(ProfileJson, RefusesANewerMajorVersionAndSaysWhatNext) {
  const std::string message = error_of(with("/schema_version", "2.0.0"));
  EXPECT_THAT(message, HasSubstr("2.0.0"));
  EXPECT_THAT(message, HasSubstr("Update this library"));
}

class DamagedProfile : public ::testing::TestWithParam<std::string> {};

TEST_P(DamagedProfile, IsAnErrorThatNamesTheCommandToRun) {
  EXPECT_THAT(error_of(GetParam()), HasSubstr("autotune tune MODEL"));
}

INSTANTIATE_TEST_SUITE_P(
    Texts, DamagedProfile,
    ::testing::Values("", "{", "[]", "null", "{}", "3", R"({"schema_version": 1})",
                      R"({"schema_version": "one"})", R"({"schema_version": "1.0.0"})",
                      to_json(example_profile()).substr(0, 700), with("/best", nullptr),
                      with("/best", Json::array()), with("/trials", "many"),
                      with("/trials/0/config/batch", 0), with("/device/identity", 3),
                      with("/workload/fingerprint", nullptr), with("/meter/source", "guess"),
                      with("/trials/0/measurement/latency_ms", "fast")));

TEST(MakeProfile, TakesTheAnswerAndTheEvidenceOfATune) {
  TuneResult result;
  result.workload.id = {"m", "token", "in", "zip:1"};
  result.workload.rows = 4;
  result.workload.units_per_row = 2.5;
  result.key = example_key();
  result.device.name = "a device";
  result.best = measured("batch=2", 1, 1);
  result.trials = {result.best};
  result.complete = false;
  const Profile profile = make_profile(result);
  EXPECT_EQ(profile.workload, result.workload.id);
  EXPECT_EQ(profile.units_per_row, 2.5);
  EXPECT_EQ(profile.key, result.key);
  EXPECT_EQ(profile.best, result.best);
  EXPECT_EQ(profile.trials, result.trials);
  EXPECT_FALSE(profile.complete);
  EXPECT_THAT(profile.created, ::testing::MatchesRegex("20..-..-..T..:..:..Z"));
}

}  // namespace
}  // namespace autotune
