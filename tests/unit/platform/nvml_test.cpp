#include "platform/nvml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>

#include "fakes/environment.hpp"

namespace autotune::nvml {
namespace {

using autotune::testing::ScopedEnvironment;
using ::testing::HasSubstr;

// Sizes and offsets printed by a C program that includes nvml.h of CUDA 13.
TEST(NvmlAbi, LaysItsStructsOutAsTheHeaderDoes) {
  EXPECT_EQ(sizeof(PciInfo), 68u);
  EXPECT_EQ(offsetof(PciInfo, device_and_vendor), 28u);
  EXPECT_EQ(offsetof(PciInfo, bus_id), 36u);
  EXPECT_EQ(sizeof(Memory), 24u);
  EXPECT_EQ(sizeof(FieldValue), 40u);
  EXPECT_EQ(offsetof(FieldValue, latency_us), 16u);
  EXPECT_EQ(offsetof(FieldValue, type), 24u);
  EXPECT_EQ(offsetof(FieldValue, result), 28u);
  EXPECT_EQ(offsetof(FieldValue, value), 32u);
  EXPECT_EQ(sizeof(Value), 8u);
  EXPECT_EQ(sizeof(Attributes), 40u);
  EXPECT_EQ(offsetof(Attributes, memory_mib), 32u);
}

TEST(NvmlReturn, NamesTheNumberOfACodeItDoesNotKnow) {
  EXPECT_EQ(to_string(Return::not_supported), "not supported (3)");
  EXPECT_EQ(to_string(static_cast<Return>(24)), "NVML error (24)");
}

TEST(NvmlOpen, SaysWhichNamedFileCannotBeLoaded) {
  const ScopedEnvironment environment({{"AUTOTUNE_NVML_LIBRARY", "/nowhere/libnvidia-ml.so.1"}});
  const Opened opened = open();
  EXPECT_EQ(opened.library, nullptr);
  EXPECT_THAT(opened.problem, HasSubstr("AUTOTUNE_NVML_LIBRARY=/nowhere/libnvidia-ml.so.1"));
}

TEST(NvmlOpen, NamesTheFoldersInWhichItLookedForADriver) {
  const ScopedEnvironment environment({{"AUTOTUNE_NVML_LIBRARY", std::nullopt}});
  const Opened opened = open();
  if (opened.library != nullptr) GTEST_SKIP() << "there is a driver: " << opened.library->path();
  EXPECT_THAT(opened.problem, HasSubstr("/usr/lib64/nvidia"));
  EXPECT_THAT(opened.problem, HasSubstr("/usr/local/nvidia/lib64"));
}

TEST(NvmlOpen, RefusesALibraryThatIsSomethingElse) {
  const ScopedEnvironment environment({{"AUTOTUNE_NVML_LIBRARY", "libm.so.6"}});
  const Opened opened = open();
  EXPECT_EQ(opened.library, nullptr);
  EXPECT_THAT(opened.problem, HasSubstr("is not NVML"));
}

TEST(NvmlOpen, TellsWhyTheDriverDoesNotStart) {
  const ScopedEnvironment environment(
      {{"AUTOTUNE_NVML_LIBRARY", FAKE_NVML}, {"FAKE_NVML_INIT", "18"}});
  const Opened opened = open();
  EXPECT_EQ(opened.library, nullptr);
  EXPECT_THAT(opened.problem, HasSubstr("differ in version"));
  EXPECT_THAT(opened.problem, HasSubstr("(18)"));
}

TEST(NvmlOpen, InitialisesOnceForAllWhoHoldIt) {
  const ScopedEnvironment environment({{"AUTOTUNE_NVML_LIBRARY", FAKE_NVML}});
  const Opened first = open();
  const Opened second = open();
  ASSERT_NE(first.library, nullptr) << first.problem;
  EXPECT_EQ(first.library, second.library);
}

TEST(NvmlLibrary, SeesTheFailureOfAFieldInsideACallThatSucceeded) {
  const ScopedEnvironment environment(
      {{"AUTOTUNE_NVML_LIBRARY", FAKE_NVML}, {"FAKE_NVML_REFUSE", "energy"}});
  const Opened opened = open();
  ASSERT_NE(opened.library, nullptr) << opened.problem;
  const Handle gpu = opened.library->device(0).value;
  EXPECT_EQ(opened.library->field(gpu, field_energy, scope_gpu).code, Return::not_supported);
  const auto power = opened.library->field(gpu, field_power_instant, scope_gpu);
  EXPECT_TRUE(power);
  EXPECT_EQ(power.value, 250'000);
}

TEST(NvmlLibrary, TakesAMissingSymbolForACapabilityThatIsOff) {
  const ScopedEnvironment environment({{"AUTOTUNE_NVML_LIBRARY", FAKE_NVML_OLD}});
  const Opened opened = open();
  ASSERT_NE(opened.library, nullptr) << opened.problem;
  const Handle gpu = opened.library->device(0).value;
  EXPECT_EQ(opened.library->field(gpu, field_energy, scope_gpu).code, Return::function_not_found);
  EXPECT_FALSE(opened.library->mig(gpu));
  EXPECT_TRUE(opened.library->total_millijoules(gpu));
}

TEST(NvmlPciAddress, IsWrittenAsCudaPrintsItWhateverTheSpelling) {
  EXPECT_EQ(normalised_pci_address("00000000:3B:00.0"), "0000:3b:00.0");
  EXPECT_EQ(normalised_pci_address("0000:3b:00.0"), "0000:3b:00.0");
  EXPECT_EQ(normalised_pci_address("3B:00.0"), "0000:3b:00.0");
  EXPECT_EQ(normalised_pci_address("00010000:01:00.0"), "10000:01:00.0");
  EXPECT_EQ(normalised_pci_address("Nonsense"), "nonsense");
}

TEST(NvmlPciAddress, FindsTheGpuThatHasIt) {
  const ScopedEnvironment environment(
      {{"AUTOTUNE_NVML_LIBRARY", FAKE_NVML}, {"FAKE_NVML_DEVICES", "3"}});
  const Opened opened = open();
  ASSERT_NE(opened.library, nullptr) << opened.problem;
  const auto gpu = device_at(*opened.library, "00000000:1A:00.0");
  ASSERT_TRUE(gpu);
  EXPECT_EQ(opened.library->name(gpu.value).value, "Fake GPU 1");
  EXPECT_EQ(device_at(*opened.library, "0000:7f:00.0").code, Return::not_found);
}

}  // namespace
}  // namespace autotune::nvml
