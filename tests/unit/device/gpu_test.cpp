#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "device/inventory.hpp"
#include "fakes/environment.hpp"

namespace autotune {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using testing::ScopedEnvironment;
using ::testing::UnorderedElementsAre;

class NvidiaDevices : public ::testing::Test {
 protected:
  void set(const std::string& name, const std::string& value) { environment_.set(name, value); }

  ScopedEnvironment environment_{{"AUTOTUNE_NVML_LIBRARY", FAKE_NVML},
                                 {"CUDA_VISIBLE_DEVICES", std::nullopt}};
};

TEST_F(NvidiaDevices, DescribesAGpu) {
  set("FAKE_NVML_NAMES", "NVIDIA H100 80GB HBM3");
  const auto gpus = nvidia_devices();
  ASSERT_EQ(gpus.size(), 1u);
  EXPECT_EQ(gpus[0].kind, DeviceKind::cuda);
  EXPECT_EQ(gpus[0].id, "cuda:0");
  EXPECT_EQ(gpus[0].pci_address, "0000:19:00.0");
  EXPECT_EQ(gpus[0].cores, 132);
  EXPECT_EQ(gpus[0].memory_bytes, 81'559ull << 20);
  EXPECT_THAT(gpus[0].features, ElementsAre("sm_90"));
}

TEST_F(NvidiaDevices, KeysIdentityConditionsAndRecordApart) {
  const HardwareKey key = nvidia_devices().at(0).key;
  EXPECT_THAT(key.identity,
              UnorderedElementsAre(
                  Pair("kind", "cuda"), Pair("name", "Fake GPU 0"), Pair("memory_gib", "80"),
                  Pair("pci_device", "10de:2330"), Pair("pci_subsystem", "10de:16c1"),
                  Pair("compute_capability", "9.0"), Pair("sm_count", "132"),
                  Pair("mig_profile", "none"), Pair("power_limit_w", "700"), Pair("ecc", "on")));
  EXPECT_EQ(key.conditions.at("driver"), "580.65.06");
  EXPECT_EQ(key.conditions.at("cuda_driver"), "13.0");
  EXPECT_EQ(key.conditions.at("vbios"), "96.00.74.00.01");
  EXPECT_EQ(key.record.at("uuid"), "GPU-00000000-fake");
}

TEST_F(NvidiaDevices, LeavesOutOfTheKeyWhatAnOldLibraryCannotTell) {
  set("AUTOTUNE_NVML_LIBRARY", FAKE_NVML_OLD);
  const auto gpus = nvidia_devices();
  ASSERT_EQ(gpus.size(), 1u);
  EXPECT_EQ(gpus[0].key.identity.count("mig_profile"), 0u);
}

TEST_F(NvidiaDevices, DescribesTheInstanceOfADividedGpu) {
  set("FAKE_NVML_MIG", "1");
  const Device gpu = nvidia_devices().at(0);
  EXPECT_EQ(gpu.key.identity.at("mig_profile"), "1g.10gb");
  EXPECT_EQ(gpu.cores, 16);
  EXPECT_EQ(gpu.memory_bytes, 9'984ull << 20);
}

TEST_F(NvidiaDevices, AreNumberedAsCudaNumbersTheVisibleOnes) {
  set("FAKE_NVML_DEVICES", "3");
  set("CUDA_VISIBLE_DEVICES", "2,GPU-00000000");
  const auto gpus = nvidia_devices();
  ASSERT_EQ(gpus.size(), 2u);
  EXPECT_EQ(gpus[0].id, "cuda:0");
  EXPECT_EQ(gpus[0].name, "Fake GPU 2");
  EXPECT_EQ(gpus[1].id, "cuda:1");
  EXPECT_EQ(gpus[1].name, "Fake GPU 0");
}

TEST_F(NvidiaDevices, EndAtTheFirstVisibleEntryThatIsNotThere) {
  set("FAKE_NVML_DEVICES", "2");
  set("CUDA_VISIBLE_DEVICES", "1,7,0");
  EXPECT_EQ(nvidia_devices().size(), 1u);
}

TEST_F(NvidiaDevices, AreNoneWithAReasonWhereTheEnvironmentHidesThem) {
  set("CUDA_VISIBLE_DEVICES", "");
  const GpuInventory inventory = list_gpus();
  EXPECT_TRUE(inventory.devices.empty());
  EXPECT_THAT(inventory.problem, HasSubstr("CUDA_VISIBLE_DEVICES"));
}

TEST_F(NvidiaDevices, AreNoneWithTheReasonOfTheDriver) {
  set("FAKE_NVML_INIT", "9");
  EXPECT_TRUE(nvidia_devices().empty());
  EXPECT_THAT(list_gpus().problem, HasSubstr("driver is not loaded"));
}

TEST_F(NvidiaDevices, AreNoneWithTheReasonOfAGpuThatMayNotBeOpened) {
  set("FAKE_NVML_REFUSE", "handle");
  const GpuInventory inventory = list_gpus();
  EXPECT_TRUE(inventory.devices.empty());
  EXPECT_THAT(inventory.problem, HasSubstr("GPU 0: no permission (4)"));
}

TEST_F(NvidiaDevices, AreNoneWhereNvmlListsNone) {
  set("FAKE_NVML_DEVICES", "0");
  EXPECT_EQ(list_gpus().problem, "NVML finds none");
}

}  // namespace
}  // namespace autotune
