#include "session/meter_facts_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "fakes/environment.hpp"
#include "fakes/file_tree.hpp"

namespace autotune {
namespace {

using testing::FileTree;
using testing::ScopedEnvironment;

Device gpu_with(const std::string& uuid, const std::string& driver) {
  Device device{.kind = DeviceKind::cuda, .name = "Some GPU"};
  device.key.record["uuid"] = uuid;
  device.key.conditions["driver"] = driver;
  return device;
}

/// A cache of its own.
class MeterFactsStore : public ::testing::Test {
 protected:
  FileTree tree_;
  ScopedEnvironment environment_{{"AUTOTUNE_CACHE_DIR", tree_.root().string()}};
  MeterFacts facts_{.source = EnergySource::nvml_counter,
                    .advances = true,
                    .update_period_ms = 100,
                    .phase_spread = 0.01};
};

TEST_F(MeterFactsStore, GivesBackWhatWasFound) {
  const Device device = gpu_with("GPU-1", "580.65.06");
  EXPECT_FALSE(load_meter_facts(device));
  save_meter_facts(device, facts_);
  EXPECT_EQ(load_meter_facts(device), facts_);
  EXPECT_EQ(meter_facts_path(device), tree_.root() / "state/meter-GPU-1-580.65.06.json");
}

TEST_F(MeterFactsStore, ForgetsOnAnotherDriverAndOnAnotherCard) {
  save_meter_facts(gpu_with("GPU-1", "580.65.06"), facts_);
  EXPECT_FALSE(load_meter_facts(gpu_with("GPU-1", "590.1")));
  EXPECT_FALSE(load_meter_facts(gpu_with("GPU-2", "580.65.06")));
}

TEST_F(MeterFactsStore, TakesADamagedFileForNone) {
  const Device device = gpu_with("GPU-1", "580.65.06");
  save_meter_facts(device, facts_);
  for (const char* text : {"", "{\"source\": 3}", "{\"source\": \"wishes\"}", "[1, 2"}) {
    std::ofstream(meter_facts_path(device)) << text;
    EXPECT_FALSE(load_meter_facts(device)) << text;
  }
}

TEST_F(MeterFactsStore, NamesAFileByAnyDevice) {
  const Device device{.name = "AMD EPYC / 7763"};
  EXPECT_EQ(meter_facts_path(device).filename(), "meter-AMD-EPYC-7763-none.json");
}

}  // namespace
}  // namespace autotune
