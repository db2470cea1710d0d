#include "vocabulary/json.hpp"

#include <gmock/gmock.h>

#include "autotune/report.hpp"
#include "unit/report/example_result.hpp"

namespace autotune {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> keys_of(const Json& json) {
  std::vector<std::string> keys;
  for (const auto& item : json.items()) keys.push_back(item.key());
  return keys;
}

Json tune_json(const TuneResult& result) { return Json::parse(to_json(result, "/p/x.json")); }

TEST(TuneJson, HasEveryDocumentedKey) {
  EXPECT_THAT(keys_of(tune_json(example_result())),
              ElementsAre("schema_version", "name", "unit", "device", "meter", "best", "lossy_best",
                          "baselines", "ties", "trials", "unsupported", "spent", "budget",
                          "pays_back_after_units", "effort", "search", "resumed_steps", "complete",
                          "warnings", "profile_path"));
}

TEST(TuneJson, HasTheSameKeysWhereThereIsNothingToSay) {
  TuneResult result = example_result();
  const auto keys = keys_of(tune_json(result));
  result.lossy_best.reset();
  result.baselines.clear();
  result.ties.clear();
  result.pays_back_after_units.reset();
  result.warnings.clear();
  const Json json = tune_json(result);
  EXPECT_EQ(keys_of(json), keys);
  EXPECT_TRUE(json["lossy_best"].is_null());
  EXPECT_TRUE(json["pays_back_after_units"].is_null());
  EXPECT_EQ(json["ties"], Json::array());
}

TEST(TuneJson, TracesEveryConfigurationToItsTrial) {
  const Json json = tune_json(example_result());
  const auto in_trials = [&](Json trial) {
    trial.erase("name");
    trial.erase("saving");
    return std::find(json["trials"].begin(), json["trials"].end(), trial) != json["trials"].end();
  };
  EXPECT_TRUE(in_trials(json["best"]));
  EXPECT_TRUE(in_trials(json["lossy_best"]));
  EXPECT_TRUE(in_trials(json["ties"][0]));
  for (const Json& baseline : json["baselines"]) EXPECT_TRUE(in_trials(baseline));
}

TEST(TuneJson, NamesTheBaselinesWithTheirSaving) {
  const Json baseline = tune_json(example_result())["baselines"][0];
  EXPECT_EQ(baseline["name"], "incumbent");
  EXPECT_EQ(baseline["saving"], Json::parse(R"({"fraction": 0.496, "ci95": [0.48, 0.52]})"));
}

TEST(TuneJson, GivesTheKeyWithTheWorkloadsConditions) {
  const Json device = tune_json(example_result())["device"];
  EXPECT_EQ(device["name"], "AMD EPYC");
  EXPECT_EQ(device["identity"]["cpu_model"], "AMD EPYC");
  EXPECT_EQ(device["conditions"]["libtorch"], "2.11.0");
}

TEST(TuneJson, ListsUnsupportedArmsWithTheirReason) {
  EXPECT_EQ(tune_json(example_result())["unsupported"], Json::parse(R"([
      {"precision": "fp8", "layout": "plain", "reason": "needs a GPU of sm_89 or later"}])"));
}

TEST(TuneJson, HasNullForTheProfileThatWasNotWritten) {
  EXPECT_TRUE(Json::parse(to_json(example_result(), ""))["profile_path"].is_null());
}

TEST(MeasureJson, IsATrialWithDeviceAndMeter) {
  const TuneResult result = example_result();
  const Json json = Json::parse(to_json(result.best, result.device, result.meter));
  EXPECT_THAT(keys_of(json), ElementsAre("config", "status", "measurement", "accuracy", "set_up",
                                         "device", "meter"));
  EXPECT_EQ(json.get<Trial>(), result.best);
  EXPECT_EQ(json["meter"]["source"], "modelled");
  EXPECT_EQ(json["meter"]["claimable"], false);
}

TEST(DevicesJson, IsAnArrayOfDevices) {
  const Json json = Json::parse(to_json(std::vector<Device>{example_device()}));
  ASSERT_EQ(json.size(), 1U);
  EXPECT_THAT(keys_of(json[0]), ElementsAre("kind", "name", "id", "cores", "memory_bytes",
                                            "features", "identity", "conditions", "record"));
}

TEST(DevicesJson, GivesThePciAddressOfAGpu) {
  Device gpu = example_device();
  gpu.kind = DeviceKind::cuda;
  gpu.pci_address = "0000:19:00.0";
  EXPECT_EQ(Json::parse(to_json(std::vector<Device>{gpu}))[0]["pci_address"], "0000:19:00.0");
}

TEST(DevicesJson, IsAnEmptyArrayWithoutDevices) {
  EXPECT_EQ(Json::parse(to_json(std::vector<Device>{})), Json::array());
}

}  // namespace
}  // namespace autotune
