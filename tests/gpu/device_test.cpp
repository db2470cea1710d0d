#include "gpu/gpu_test.hpp"
#include "torch/device_runtime.hpp"

namespace autotune {
namespace {

using ::testing::Contains;
using ::testing::IsSupersetOf;
using ::testing::Key;
using ::testing::SizeIs;
using ::testing::StartsWith;

using GpuDevice = GpuTest;

TEST_F(GpuDevice, NamesItsArchitectureAndMemory) {
  EXPECT_THAT(gpu.features, Contains(StartsWith("sm_")));
  EXPECT_GT(gpu.cores, 0);
  EXPECT_GT(gpu.memory_bytes, 0U);
}

TEST_F(GpuDevice, KnowsEveryFieldThatMustMatch) {
  for (const char* field : {"kind", "name", "pci_device", "compute_capability", "sm_count",
                            "memory_gib", "power_limit_w"}) {
    EXPECT_THAT(gpu.key.identity, Contains(Key(field)));
  }
}

TEST_F(GpuDevice, IsTheSameCardForNvmlAndForCuda) {
  EXPECT_EQ(pci_address(open_device("cuda:0")), gpu.pci_address);
}

// Containers often hide the driver's files; a start-up then lists more fields as unchecked.
TEST_F(GpuDevice, DriverFilesDoNotContradictNvml) {
  for (const Device& device : nvidia_devices_from_driver_files()) {
    if (device.pci_address != gpu.pci_address) continue;
    for (const auto& [field, value] : device.key.identity) {
      EXPECT_EQ(gpu.key.identity.at(field), value) << field;
    }
  }
}

}  // namespace
}  // namespace autotune
