#include "autotune/session.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "autotune/error.hpp"
#include "fakes/environment.hpp"
#include "support/synthetic_workload.hpp"

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

/// A session of a model on a GPU of the description's own choice.
class SessionOnAGpu : public SessionTest {
 protected:
  Session session(const std::string& address_of_the_model) {
    auto workload = std::make_unique<testing::SyntheticWorkload>(
        clock_, std::vector<Arm>{Arm{}},
        testing::SyntheticWorkload::Behaviour{.seconds = [](const Config&) { return 0.01; }});
    workload->description().pci_address = address_of_the_model;
    return {std::move(workload), gpu, meter_options(gpu, "modelled")};
  }

  testing::FakeClock clock_;
  testing::ScopedEnvironment environment_{{"AUTOTUNE_NVML_LIBRARY", std::nullopt}};
};

TEST_F(SessionOnAGpu, RefusesAModelThatRunsOnAnotherGpuThanTheMeteredOne) {
  Session elsewhere = session("0000:1a:00.0");
  try {
    static_cast<void>(elsewhere.workload().describe());
    FAIL() << "another card's energy would be taken for the model's";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::device);
    EXPECT_THAT(error.what(), HasSubstr("0000:1a:00.0"));
    EXPECT_THAT(error.what(), HasSubstr("0000:19:00.0"));
    EXPECT_THAT(error.what(), HasSubstr("export CUDA_DEVICE_ORDER=PCI_BUS_ID"));
  }
  EXPECT_THROW(static_cast<void>(elsewhere.tune({})), Error);
}

TEST_F(SessionOnAGpu, KnowsAnAddressInAnySpelling) {
  for (const char* address : {"0000:19:00.0", "00000000:19:00.0", "19:00.0"}) {
    EXPECT_EQ(session(address).workload().describe().pci_address, address);
  }
}

TEST_F(SessionOnAGpu, DoesNotCompareWhereTheWorkerTellsNoAddress) {
  EXPECT_EQ(session("").workload().describe().id.name, "synthetic");
}

TEST_F(SessionOnAGpu, DoesNotCompareWhereANamedLibraryStandsInForTheDriver) {
  environment_.set("AUTOTUNE_NVML_LIBRARY", "/nowhere/libnvidia-ml.so.1");
  EXPECT_EQ(session("0000:1a:00.0").workload().describe().id.name, "synthetic");
}

}  // namespace
}  // namespace autotune
