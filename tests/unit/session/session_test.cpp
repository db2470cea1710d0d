#include "autotune/session.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "autotune/error.hpp"

namespace autotune {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const Device cpu{.kind = DeviceKind::cpu, .id = "cpu"};
const Device gpu{.kind = DeviceKind::cuda, .id = "cuda:0", .pci_address = "0000:19:00.0"};

TEST(MeterOptions, FollowTheDeviceWhereTheUserNamesNoMeter) {
  const MeterOptions options = meter_options(gpu, "auto");
  EXPECT_EQ(options.choice, MeterChoice::any);
  EXPECT_TRUE(options.device_is_gpu);
  EXPECT_EQ(options.pci_address, gpu.pci_address);
  EXPECT_FALSE(meter_options(cpu, "auto").device_is_gpu);
}

TEST(MeterOptions, TakeANumberAfterNvml) {
  EXPECT_EQ(meter_options(cpu, "nvml:3").choice, MeterChoice::nvml);
  EXPECT_EQ(meter_options(cpu, "nvml:3").nvml_index, 3);
  EXPECT_EQ(meter_options(gpu, "nvml").nvml_index, std::nullopt);
}

TEST(MeterOptions, RefuseOtherWordsAndNameTheKnownOnes) {
  for (const char* choice : {"nvml:", "nvml:-1", "nvml:1x", "watt", ""}) {
    try {
      static_cast<void>(meter_options(cpu, choice));
      ADD_FAILURE() << "'" << choice << "' was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
      EXPECT_THAT(error.what(), HasSubstr("nvml"));
    }
  }
}

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    fs::create_directories(folder_);
    setenv("AUTOTUNE_CACHE_DIR", (folder_ / "cache").c_str(), 1);
  }
  ~SessionTest() override {
    unsetenv("AUTOTUNE_CACHE_DIR");
    fs::remove_all(folder_);
  }

  fs::path folder_ = fs::path(::testing::TempDir()) / ("session_" + std::to_string(getpid()));
  SessionOptions options_{.device = cpu, .meter = meter_options(cpu, "modelled")};
};

TEST_F(SessionTest, RefusesAMissingModelBeforeAnythingIsHeld) {
  options_.worker.workload.model = folder_ / "gone.pt";
  try {
    const Session session(options_);
    FAIL() << "there is no model";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::model);
    EXPECT_THAT(error.what(), HasSubstr("gone.pt"));
  }
  EXPECT_FALSE(fs::exists(folder_ / "cache"));
}

}  // namespace
}  // namespace autotune
