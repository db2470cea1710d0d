#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "autotune/error.hpp"
#include "device/inventory.hpp"
#include "fakes/environment.hpp"

namespace autotune {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::ScopedEnvironment;

Device named(DeviceKind kind, const std::string& id, const std::string& name) {
  Device device;
  device.kind = kind;
  device.id = id;
  device.name = name;
  return device;
}

const Device cpu = named(DeviceKind::cpu, "cpu", "Test CPU");
const GpuInventory two_gpus = {
    {named(DeviceKind::cuda, "cuda:0", "A"), named(DeviceKind::cuda, "cuda:1", "B")}, ""};
const GpuInventory no_gpus = {{}, "no driver"};

Error error_for(const std::string& id, const GpuInventory& gpus) {
  try {
    const Device device = choose_device(id, cpu, gpus, true);
    ADD_FAILURE() << "chose " << device.id;
  } catch (const Error& error) {
    return error;
  }
  return {ErrorCode::io, "no error"};
}

TEST(ChooseDevice, TakesTheFirstGpuByDefaultElseTheCpu) {
  EXPECT_EQ(choose_device("auto", cpu, two_gpus, true).id, "cuda:0");
  EXPECT_EQ(choose_device("auto", cpu, no_gpus, true).id, "cpu");
}

TEST(ChooseDevice, DoesNotDefaultToAGpuThatTheMachineHasNoDriverFor) {
  EXPECT_EQ(choose_device("auto", cpu, two_gpus, false).id, "cpu");
  EXPECT_EQ(choose_device("cuda", cpu, two_gpus, false).id, "cuda:0");
}

TEST(ChooseDevice, TakesNumbersFromZero) {
  EXPECT_EQ(choose_device("cuda", cpu, two_gpus, true).name, "A");
  EXPECT_EQ(choose_device("cuda:1", cpu, two_gpus, true).name, "B");
  EXPECT_EQ(choose_device("cpu", cpu, two_gpus, true).name, "Test CPU");
}

TEST(ChooseDevice, ListsTheDevicesThereAre) {
  const Error error = error_for("cuda:2", two_gpus);
  EXPECT_EQ(error.code(), ErrorCode::device);
  EXPECT_THAT(error.what(), HasSubstr("cpu (Test CPU), cuda:0 (A), cuda:1 (B)"));
}

TEST(ChooseDevice, SaysWhyThereIsNoGpu) {
  const Error error = error_for("cuda", no_gpus);
  EXPECT_EQ(error.code(), ErrorCode::device);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("no driver"), HasSubstr("cpu (Test CPU)")));
}

TEST(ChooseDevice, RefusesOtherWords) {
  for (const char* id : {"gpu", "cuda:", "cuda:x", "cuda:-1", "CPU", ""}) {
    EXPECT_EQ(error_for(id, two_gpus).code(), ErrorCode::usage) << id;
  }
}

TEST(FindDevice, NamesTheLibraryThatCannotBeLoaded) {
  const ScopedEnvironment environment({{"AUTOTUNE_NVML_LIBRARY", "/nowhere/libnvidia-ml.so.1"}});
  try {
    const Device device = find_device("cuda");
    FAIL() << "found " << device.id;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::device);
    EXPECT_THAT(error.what(), HasSubstr("AUTOTUNE_NVML_LIBRARY=/nowhere"));
  }
}

TEST(FindDevice, ListsTheGpusOfANamedLibraryAfterTheCpu) {
  const ScopedEnvironment environment({{"AUTOTUNE_NVML_LIBRARY", FAKE_NVML},
                                       {"FAKE_NVML_DEVICES", "2"},
                                       {"CUDA_VISIBLE_DEVICES", std::nullopt}});
  const auto all = devices();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].id, "cpu");
  EXPECT_EQ(all[2].id, "cuda:1");
  EXPECT_EQ(find_device("cuda:1").name, "Fake GPU 1");
}

}  // namespace
}  // namespace autotune
