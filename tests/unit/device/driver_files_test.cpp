#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "device/inventory.hpp"
#include "fakes/environment.hpp"
#include "fakes/file_tree.hpp"

namespace autotune {
namespace {

using testing::FileTree;
using testing::ScopedEnvironment;

constexpr auto h100 = R"(Model: 		 NVIDIA H100 80GB HBM3
IRQ:   		 265
GPU UUID: 	 GPU-5a1f0c3e-1111-2222-3333-444455556666
Video BIOS: 	 96.00.74.00.01
Bus Type: 	 PCIe
Bus Location: 	 0000:19:00.0
)";

constexpr auto version =
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  "
    "(dvs-builder)  Sun Jul 27 2025\nGCC version:  gcc version 12.2.0\n";

class DriverFiles : public ::testing::Test {
 protected:
  FileTree tree_;
  ScopedEnvironment environment_{{"CUDA_VISIBLE_DEVICES", std::nullopt}};
};

TEST_F(DriverFiles, TellTheCheapPartOfTheKey) {
  tree_.write("proc/driver/nvidia/gpus/0000:19:00.0/information", h100);
  tree_.write("proc/driver/nvidia/version", version);
  tree_.write("sys/bus/pci/devices/0000:19:00.0/vendor", "0x10de\n");
  tree_.write("sys/bus/pci/devices/0000:19:00.0/device", "0x2330\n");
  tree_.write("sys/bus/pci/devices/0000:19:00.0/subsystem_vendor", "0x10de\n");
  tree_.write("sys/bus/pci/devices/0000:19:00.0/subsystem_device", "0x16c1\n");
  const auto gpus = nvidia_devices_from_driver_files(tree_.root());
  ASSERT_EQ(gpus.size(), 1u);
  EXPECT_EQ(gpus[0].id, "cuda:0");
  EXPECT_EQ(gpus[0].pci_address, "0000:19:00.0");
  EXPECT_EQ(gpus[0].key.identity,
            (std::map<std::string, std::string>{{"kind", "cuda"},
                                                {"name", "NVIDIA H100 80GB HBM3"},
                                                {"pci_device", "10de:2330"},
                                                {"pci_subsystem", "10de:16c1"}}));
  EXPECT_EQ(gpus[0].key.conditions.at("driver"), "580.65.06");
  EXPECT_EQ(gpus[0].key.conditions.at("vbios"), "96.00.74.00.01");
}

TEST_F(DriverFiles, AreOrderedByPciAddress) {
  tree_.write("proc/driver/nvidia/gpus/0000:9a:00.0/information", "Model: \t B\n");
  tree_.write("proc/driver/nvidia/gpus/0000:19:00.0/information", "Model: \t A\n");
  const auto gpus = nvidia_devices_from_driver_files(tree_.root());
  ASSERT_EQ(gpus.size(), 2u);
  EXPECT_EQ(gpus[0].name, "A");
}

TEST_F(DriverFiles, LeaveOutWhatTheDriverDoesNotKnow) {
  const std::string unknown(4, '?');
  tree_.write("proc/driver/nvidia/gpus/0000:19:00.0/information",
              "Model: \t A\nGPU UUID: \t GPU-" + unknown + "\nVideo BIOS: \t " + unknown + "\n");
  const auto gpus = nvidia_devices_from_driver_files(tree_.root());
  ASSERT_EQ(gpus.size(), 1u);
  EXPECT_EQ(gpus[0].key.conditions.count("vbios"), 0u);
  EXPECT_EQ(gpus[0].key.conditions.count("driver"), 0u);
  EXPECT_EQ(gpus[0].key.record.count("uuid"), 0u);
  EXPECT_EQ(gpus[0].key.identity.count("pci_device"), 0u);
}

TEST_F(DriverFiles, AreNoneOnAMachineWithoutTheDriver) {
  EXPECT_TRUE(nvidia_devices_from_driver_files(tree_.root()).empty());
}

}  // namespace
}  // namespace autotune
