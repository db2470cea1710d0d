#include "vocabulary/json.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace autotune {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

Trial full_trial() {
  return {.config = {.batch = 28,
                     .arm = {.precision = Precision::bf16,
                             .layout = Layout::prepacked,
                             .execution = {.threads = 2, .retained_heap = true}}},
          .status = TrialStatus::too_slow,
          .reason = "p99 is 31 ms, the limit 20 ms",
          .measurement = Measurement{.joules_per_unit = 0.00066,
                                     .ci95 = Interval{0.00064, 0.00068},
                                     .latency_p50_ms = 30.5,
                                     .latency_p99_ms = 31,
                                     .units_per_second = 29'000,
                                     .watts = 19.5,
                                     .peak_memory_bytes = 1ULL << 40U,
                                     .energy = {{.scope = EnergyScope::cpu_package,
                                                 .source = EnergySource::rapl,
                                                 .joules_per_unit = 0.00066}},
                                     .windows = {0.00065, 0.00067},
                                     .iterations = 40,
                                     .flags = {"noisy"}},
          .accuracy = Accuracy{.finite = true,
                               .worst_cosine = 0.99998,
                               .relative_l2 = 0.005,
                               .top1_agreement = 0.98,
                               .coverage = 0.99,
                               .rows = 128}};
}

TEST(TrialJson, ReadsBackWhatWasWritten) {
  EXPECT_EQ(Json(full_trial()).get<Trial>(), full_trial());
}

TEST(TrialJson, SurvivesItsText) {
  EXPECT_EQ(Json::parse(Json(full_trial()).dump()).get<Trial>(), full_trial());
}

TEST(TrialJson, HasTheDocumentedShape) {
  const Json expected = Json::parse(R"({
    "config": {"batch": 28, "precision": "bf16", "layout": "prepacked",
               "execution": {"threads": 2, "retained_heap": true}},
    "status": "too_slow",
    "reason": "p99 is 31 ms, the limit 20 ms",
    "measurement": {
      "joules_per_unit": 0.00066, "ci95": [0.00064, 0.00068],
      "latency_ms": {"p50": 30.5, "p99": 31.0}, "units_per_second": 29000.0, "watts": 19.5,
      "peak_memory_bytes": 1099511627776,
      "energy": [{"scope": "cpu_package", "source": "rapl", "joules_per_unit": 0.00066}],
      "windows": [0.00065, 0.00067], "iterations": 40, "flags": ["noisy"]},
    "accuracy": {"worst_cosine": 0.99998, "relative_l2": 0.005, "coverage": 0.99, "finite": true,
                 "rows": 128, "top1_agreement": 0.98}})");
  EXPECT_EQ(Json(full_trial()), expected);
}

TEST(TrialJson, LeavesOutWhatATrialDoesNotHave) {
  const Json json = Trial{};
  EXPECT_FALSE(json.contains("reason"));
  EXPECT_FALSE(json.contains("measurement"));
  EXPECT_FALSE(json.contains("accuracy"));
  EXPECT_EQ(json.get<Trial>(), Trial{});
}

TEST(TrialJson, WritesNullForWhatIsNoNumber) {
  Trial trial = full_trial();
  trial.measurement->joules_per_unit = nan;
  trial.measurement->ci95 = Interval{0, infinity};
  trial.measurement->watts = infinity;
  trial.measurement->windows = {nan};
  trial.accuracy->worst_cosine = nan;
  const Json json = trial;
  EXPECT_TRUE(json["measurement"]["joules_per_unit"].is_null());
  EXPECT_TRUE(json["measurement"]["ci95"].is_null());
  EXPECT_TRUE(json["measurement"]["watts"].is_null());
  EXPECT_TRUE(json["measurement"]["windows"][0].is_null());
  EXPECT_TRUE(json["accuracy"]["worst_cosine"].is_null());
}

TEST(TrialJson, ReadsAMissingReadingAsMissingNotAsZero) {
  Trial trial = full_trial();
  trial.measurement->joules_per_unit.reset();
  trial.measurement->ci95.reset();
  trial.measurement->watts.reset();
  EXPECT_EQ(Json(trial).get<Trial>(), trial);
}

TEST(TrialJson, ReadsNullAccuracyFiguresAsNoNumber) {
  Trial trial = full_trial();
  trial.accuracy->worst_cosine = nan;
  EXPECT_TRUE(std::isnan(Json(trial).get<Trial>().accuracy->worst_cosine));
}

TEST(TrialJson, PassesOverUnknownFields) {
  Json json = full_trial();
  json["mood"] = "good";
  json["measurement"]["clock_mhz"] = 1980;
  EXPECT_EQ(json.get<Trial>(), full_trial());
}

TEST(TrialJson, RefusesAnUnknownWordAndNamesIt) {
  Json json = full_trial();
  json["status"] = "bored";
  try {
    static_cast<void>(json.get<Trial>());
    FAIL() << "no exception";
  } catch (const Json::exception& error) {
    EXPECT_STREQ(error.what(), "unknown status 'bored'");
  }
}

TEST(ConfigJson, RefusesABatchBelowOne) {
  Json json = full_trial().config;
  json["batch"] = 0;
  EXPECT_THROW(static_cast<void>(json.get<Config>()), Json::exception);
}

TEST(ConfigJson, RefusesAMissingPrecision) {
  Json json = full_trial().config;
  json.erase("precision");
  EXPECT_THROW(static_cast<void>(json.get<Config>()), Json::exception);
}

TEST(BaselineJson, IsATrialWithANameAndASaving) {
  const Baseline baseline{
      .name = "incumbent", .trial = full_trial(), .saving = 0.5, .saving_ci95 = Interval{0.4, 0.6}};
  const Json json = baseline;
  EXPECT_EQ(json["name"], "incumbent");
  EXPECT_EQ(json["status"], "too_slow");
  EXPECT_EQ(json["saving"], Json::parse(R"({"fraction": 0.5, "ci95": [0.4, 0.6]})"));
  EXPECT_EQ(json.get<Baseline>().trial, full_trial());
}

TEST(OtherJson, ReadsBackIdentityMeterAndUnsupportedArm) {
  const WorkloadId id{"minilm", "token", "int64[batch,32]", "zip:12"};
  EXPECT_EQ(Json(id).get<WorkloadId>(), id);
  const UnsupportedArm arm{Precision::fp8, Layout::compiled, "needs sm_89"};
  EXPECT_EQ(Json(arm).get<UnsupportedArm>(), arm);
  const MeterInfo meter{.source = EnergySource::modelled, .note = "65 W"};
  EXPECT_EQ(Json(meter).get<MeterInfo>(), meter);
}

TEST(ToLines, GivesEachElementALineAndParsesBack) {
  const Json json{{"a", 1}, {"list", {1, 2}}, {"none", Json::array()}};
  EXPECT_EQ(to_lines(json), "{\n \"a\": 1,\n \"list\": [\n  1,\n  2\n ],\n \"none\": []\n}\n");
  EXPECT_EQ(Json::parse(to_lines(json)), json);
}

TEST(ToLines, ReplacesBytesThatAreNoUtf8) {
  EXPECT_TRUE(Json::parse(to_lines(Json{{"name", "caf\xe9"}})).is_object());
}

}  // namespace
}  // namespace autotune
