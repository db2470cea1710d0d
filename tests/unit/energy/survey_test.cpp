#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "autotune/watch.hpp"
#include "energy/meters.hpp"
#include "fakes/environment.hpp"
#include "fakes/file_tree.hpp"
#include "fakes/virtual_nvml.hpp"
#include "fakes/without_root.hpp"

namespace autotune {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::PowercapTree;
using testing::ScopedEnvironment;
using testing::VirtualNvml;
using testing::WithoutRoot;

using Survey = std::vector<SurveyedMeter>;

std::vector<std::string> names(const Survey& survey) {
  std::vector<std::string> all;
  for (const SurveyedMeter& meter : survey) {
    all.push_back(std::string(to_string(meter.source)) + " " + std::string(to_string(meter.scope)) +
                  (meter.usable ? "" : " not"));
  }
  return all;
}

const SurveyedMeter& entry(const Survey& survey, EnergySource source, EnergyScope scope) {
  return *std::ranges::find_if(survey, [&](const SurveyedMeter& meter) {
    return meter.source == source && meter.scope == scope;
  });
}

/// A GPU of the fake library, in virtual time, on a machine without RAPL.
class GpuSurvey : public ::testing::Test {
 protected:
  Survey survey(const std::string& scenario) {
    environment_.set("FAKE_NVML_SCENARIO", scenario);
    return survey_meters(options_);
  }
  SurveyedMeter counter(const std::string& scenario) { return survey(scenario).front(); }

  VirtualNvml nvml_{FAKE_NVML};
  ScopedEnvironment environment_{{"AUTOTUNE_NVML_LIBRARY", FAKE_NVML},
                                 {"AUTOTUNE_POWERCAP_ROOT", "/nowhere"},
                                 {"FAKE_NVML_SCENARIO", std::nullopt}};
  MeterOptions options_{
      .device_is_gpu = true, .pci_address = "0000:19:00.0", .clock = &nvml_.clock()};
};

TEST_F(GpuSurvey, TriesEverySourceAlsoAfterABetterOneWorked) {
  EXPECT_THAT(names(survey("healthy")),
              ElementsAre("nvml_counter gpu", "nvml_power_instant gpu", "nvml_power_average gpu",
                          "nvml_counter module", "nvml_power_instant module",
                          "rapl cpu_package not", "rapl dram not", "modelled gpu"));
}

TEST_F(GpuSurvey, ClaimsNothingOfANamedLibraryAndSaysHowToUseTheDriversOwn) {
  const SurveyedMeter meter = counter("healthy");
  EXPECT_FALSE(meter.claimable);
  EXPECT_THAT(meter.reason, HasSubstr("read through AUTOTUNE_NVML_LIBRARY"));
  EXPECT_THAT(meter.remedy, HasSubstr("Unset AUTOTUNE_NVML_LIBRARY"));
}

TEST_F(GpuSurvey, SaysWhatTheHostsCountersAreToAGpu) {
  EXPECT_THAT(entry(survey("healthy"), EnergySource::rapl, EnergyScope::cpu_package).reason,
              AllOf(HasSubstr("/nowhere is not there"), HasSubstr("of the host")));
}

TEST_F(GpuSurvey, FindsACallWhereItsFieldIsRefused) {
  environment_.set("FAKE_NVML_REFUSE", "energy,average");
  const Survey found = survey("healthy");
  EXPECT_TRUE(entry(found, EnergySource::nvml_counter, EnergyScope::gpu).usable);
  EXPECT_TRUE(entry(found, EnergySource::nvml_power_average, EnergyScope::gpu).usable);
}

TEST_F(GpuSurvey, NamesTheBoardsThatHaveNoCounter) {
  const SurveyedMeter meter = counter("counter_not_supported");
  EXPECT_FALSE(meter.usable);
  EXPECT_EQ(meter.reason, "not supported (3)");
  EXPECT_THAT(meter.remedy,
              AllOf(HasSubstr("Volta"), HasSubstr("virtual GPUs"), HasSubstr("Jetson")));
}

TEST_F(GpuSurvey, HasNoRemedyForAModuleThatIsNone) {
  environment_.set("FAKE_NVML_REFUSE", "module");
  const Survey found = survey("healthy");
  const auto& module = entry(found, EnergySource::nvml_counter, EnergyScope::module);
  EXPECT_FALSE(module.usable);
  EXPECT_THAT(module.reason, HasSubstr("only superchips"));
  EXPECT_THAT(module.remedy, IsEmpty());
}

TEST_F(GpuSurvey, SaysThatACounterStandsAtZero) {
  const SurveyedMeter meter = counter("zero");
  EXPECT_FALSE(meter.usable);
  EXPECT_EQ(meter.reason, "it stands at 0");
}

TEST_F(GpuSurvey, ListsTheWholeGpuOfADividedOneOnceAndSaysHowToEndItsDivision) {
  const Survey found = survey("mig");
  EXPECT_THAT(names(found), ElementsAre("nvml_counter whole_gpu", "nvml_power_instant whole_gpu",
                                        "nvml_power_average whole_gpu", "rapl cpu_package not",
                                        "rapl dram not", "modelled gpu"));
  EXPECT_FALSE(found.front().claimable);
  EXPECT_THAT(found.front().remedy, HasSubstr("nvidia-smi -mig 0"));
  EXPECT_THAT(counter("vgpu").remedy, HasSubstr("passed through"));
}

/// What keeps all of NVML away, and a word of the remedy.
class NvmlObstacle : public GpuSurvey,
                     public ::testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(NvmlObstacle, IsTheReasonOfEachOfItsMetersWithARemedyOfItsOwn) {
  const auto [scenario, word] = GetParam();
  const Survey found = survey(scenario);
  for (const SurveyedMeter& meter : found) {
    if (meter.source == EnergySource::rapl || meter.source == EnergySource::modelled) continue;
    EXPECT_FALSE(meter.usable);
    EXPECT_EQ(meter.reason, found.front().reason);
    EXPECT_THAT(meter.remedy, HasSubstr(word));
  }
}

INSTANTIATE_TEST_SUITE_P(Causes, NvmlObstacle,
                         ::testing::Values(std::pair("no_permission", "/dev/nvidia"),
                                           std::pair("driver_not_loaded", "modprobe nvidia"),
                                           std::pair("version_mismatch", "reboot"),
                                           std::pair("no_devices", "nvidia-smi -L")),
                         [](const auto& cause) { return std::string(cause.param.first); });

TEST_F(GpuSurvey, SaysThatANamedLibraryIsNotThere) {
  environment_.set("AUTOTUNE_NVML_LIBRARY", "/nowhere/libnvidia-ml.so.1");
  const SurveyedMeter meter = survey_meters(options_).front();
  EXPECT_THAT(meter.reason, HasSubstr("AUTOTUNE_NVML_LIBRARY=/nowhere"));
  EXPECT_THAT(meter.remedy, HasSubstr("or unset it"));
}

TEST_F(GpuSurvey, OfTheWatchSaysWhatTheDriverTells) {
  environment_.set("FAKE_NVML_REFUSE", "temperature");
  const WatchSurvey watch = survey_watch(options_);
  ASSERT_TRUE(watch.gpu);
  EXPECT_TRUE(watch.gpu->throttled);
  EXPECT_FALSE(watch.gpu->temperature);
  EXPECT_TRUE(watch.gpu->processes);
}

/// A CPU and a powercap tree.
class CpuSurvey : public ::testing::Test {
 protected:
  PowercapTree tree_;
  ScopedEnvironment environment_{{"AUTOTUNE_POWERCAP_ROOT", tree_.root().string()},
                                 {"AUTOTUNE_NVML_LIBRARY", std::nullopt}};
};

TEST_F(CpuSurvey, ListsPackagesMemoryAndTheModel) {
  tree_.add_zone("intel-rapl:0", "package-0", 7'000'000);
  tree_.add_zone("intel-rapl:0:0", "dram", 3'000'000);
  const Survey found = survey_meters({});
  EXPECT_THAT(names(found), ElementsAre("rapl cpu_package", "rapl dram", "modelled cpu_package"));
  EXPECT_THAT(found, Each(Field(&SurveyedMeter::claimable, false)));
  EXPECT_THAT(found.front().remedy, HasSubstr("Unset AUTOTUNE_POWERCAP_ROOT"));
}

TEST_F(CpuSurvey, MissesNoMemoryThatTheMachineDoesNotCount) {
  tree_.add_zone("intel-rapl:0", "package-0", 7'000'000);
  const SurveyedMeter memory = survey_meters({})[1];
  EXPECT_FALSE(memory.usable);
  EXPECT_THAT(memory.reason, HasSubstr("has no memory zone"));
  EXPECT_THAT(memory.remedy, IsEmpty());
}

TEST_F(CpuSurvey, NamesTheContainerWhereTheFolderIsEmpty) {
  EXPECT_THAT(survey_meters({}).front().remedy, HasSubstr("--privileged"));
}

TEST_F(CpuSurvey, DoubtsANamedFolderThatIsNotThere) {
  environment_.set("AUTOTUNE_POWERCAP_ROOT", "/nowhere");
  EXPECT_THAT(survey_meters({}).front().remedy, HasSubstr("AUTOTUNE_POWERCAP_ROOT, or unset it"));
}

TEST_F(CpuSurvey, SaysHowToMakeACounterReadable) {
  tree_.add_zone("intel-rapl:0", "package-0", 7'000'000);
  chmod(tree_.root().c_str(), 0755);
  chmod((tree_.root() / "intel-rapl:0/energy_uj").c_str(), 0200);
  const WithoutRoot ordinary_user;
  if (!ordinary_user) GTEST_SKIP() << "root cannot become anybody else here";
  const SurveyedMeter packages = survey_meters({}).front();
  EXPECT_THAT(packages.reason, HasSubstr("Permission denied"));
  EXPECT_THAT(packages.remedy, AllOf(HasSubstr("chmod a+r"), HasSubstr("udev")));
}

TEST_F(CpuSurvey, AsksNvmlOnlyThroughANamedLibrary) {
  const auto from_nvml = Field(&SurveyedMeter::source, EnergySource::nvml_counter);
  EXPECT_THAT(survey_meters({}), Each(Not(from_nvml)));
  environment_.set("AUTOTUNE_NVML_LIBRARY", FAKE_NVML);
  EXPECT_THAT(survey_meters({}).front(), from_nvml);
}

TEST_F(CpuSurvey, OfTheWatchKnowsNoGpu) { EXPECT_FALSE(survey_watch({}).gpu); }

}  // namespace
}  // namespace autotune
