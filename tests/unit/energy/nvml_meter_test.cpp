#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "autotune/error.hpp"
#include "energy/meters.hpp"
#include "fakes/environment.hpp"

namespace autotune {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ScopedEnvironment;

/// The fake library on a machine without RAPL, and what differs from a healthy GPU.
class NvmlMeter : public ::testing::Test {
 protected:
  void refuse(const std::string& calls) { environment_.set("FAKE_NVML_REFUSE", calls); }
  void set(const std::string& name, const std::string& value) { environment_.set(name, value); }

  std::unique_ptr<EnergyMeter> open(const MeterOptions& options = {.device_is_gpu = true}) {
    auto meters = open_meters(options, warnings_);
    EXPECT_EQ(meters.size(), 1u);
    return std::move(meters.front());
  }

  ScopedEnvironment environment_{{"AUTOTUNE_NVML_LIBRARY", FAKE_NVML},
                                 {"AUTOTUNE_POWERCAP_ROOT", "/nowhere"}};
  std::vector<std::string> warnings_;
};

TEST_F(NvmlMeter, PrefersTheCounterAndClaimsNothingOfANamedLibrary) {
  const auto meter = open();
  EXPECT_EQ(meter->info().source, EnergySource::nvml_counter);
  EXPECT_EQ(meter->info().scope, EnergyScope::gpu);
  EXPECT_EQ(meter->info().kind, ReadingKind::cumulative_joules);
  EXPECT_FALSE(meter->info().claimable);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(NvmlMeter, CountsJoules) {
  set("FAKE_NVML_PERIOD_MS", "0");
  set("FAKE_NVML_WATTS", "200");
  const auto meter = open();
  const auto first = meter->read();
  std::optional<Reading> second = meter->read();
  while (second && second->value <= first->value) second = meter->read();
  ASSERT_TRUE(first && second);
  // The fake's counter is watts × the monotonic clock, in whole millijoules.
  EXPECT_NEAR(first->value / in_seconds(first->time), 200, 0.1);
  EXPECT_GT(second->time, first->time);
}

TEST_F(NvmlMeter, UsesTheCallWhereTheFieldIsRefused) {
  refuse("energy");
  EXPECT_EQ(open()->info().source, EnergySource::nvml_counter);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(NvmlMeter, UsesTheCallOfALibraryWithoutFields) {
  set("AUTOTUNE_NVML_LIBRARY", FAKE_NVML_OLD);
  EXPECT_EQ(open()->info().source, EnergySource::nvml_counter);
}

TEST_F(NvmlMeter, StepsToInstantPowerWithoutACounterAndSaysSo) {
  refuse("energy,total");
  const auto meter = open();
  EXPECT_EQ(meter->info().source, EnergySource::nvml_power_instant);
  EXPECT_EQ(meter->info().kind, ReadingKind::watts);
  EXPECT_EQ(meter->read()->value, 250);
  EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr("nvml_counter of Fake GPU 0"),
                                           HasSubstr("not supported (3)"))));
}

TEST_F(NvmlMeter, StepsToAveragePowerWhichIsNeverClaimable) {
  refuse("energy,total,instant");
  const auto meter = open();
  EXPECT_EQ(meter->info().source, EnergySource::nvml_power_average);
  EXPECT_FALSE(meter->info().claimable);
  EXPECT_EQ(warnings_.size(), 2u);
}

TEST_F(NvmlMeter, StepsToTheModuleAndLabelsIt) {
  refuse("energy,total,instant,average,usage");
  const auto meter = open();
  EXPECT_EQ(meter->info().source, EnergySource::nvml_counter);
  EXPECT_EQ(meter->info().scope, EnergyScope::module);
}

TEST_F(NvmlMeter, LabelsTheUnscopedCounterOfASuperchipAsTheModules) {
  set("FAKE_NVML_NAMES", "NVIDIA GH200 480GB");
  refuse("energy");
  EXPECT_EQ(open()->info().scope, EnergyScope::module);
}

TEST_F(NvmlMeter, RefusesACounterThatStandsAtZero) {
  set("FAKE_NVML_COUNTER", "zero");
  EXPECT_EQ(open()->info().source, EnergySource::nvml_power_instant);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("it stands at 0")));
}

TEST_F(NvmlMeter, LabelsTheCounterOfADividedGpuAsThatOfTheWhole) {
  set("FAKE_NVML_MIG", "1");
  const auto meter = open();
  EXPECT_EQ(meter->info().scope, EnergyScope::whole_gpu);
  EXPECT_THAT(meter->info().note, HasSubstr("MIG"));
}

TEST_F(NvmlMeter, ReadsTheGpuAtTheTunedPciAddress) {
  set("FAKE_NVML_DEVICES", "2");
  set("FAKE_NVML_WATTS", "100;400");
  refuse("energy,total");
  EXPECT_EQ(open({.device_is_gpu = true, .pci_address = "0000:1a:00.0"})->read()->value, 400);
}

TEST_F(NvmlMeter, ServesAnyDeviceThroughANamedLibrary) {
  const auto meter = open({.choice = MeterChoice::nvml, .nvml_index = 0, .device_is_gpu = false});
  EXPECT_EQ(meter->info().source, EnergySource::nvml_counter);
  EXPECT_EQ(meter->info().most_watts, 700) << "of the GPU that is read, whatever is tuned";
}

TEST_F(NvmlMeter, KnowsNoLimitOfAModule) {
  refuse("energy,total,instant,average,usage");
  const auto meter = open();
  EXPECT_EQ(meter->info().scope, EnergyScope::module);
  EXPECT_EQ(meter->info().most_watts, std::nullopt);
}

TEST_F(NvmlMeter, FallsBackToModelledWhereNothingIsReadableAndOnlyUnderAny) {
  refuse("energy,total,instant,average,usage,module");
  const auto meter = open({.device_is_gpu = true, .pci_address = "0000:19:00.0"});
  EXPECT_EQ(meter->info().source, EnergySource::modelled);
  EXPECT_EQ(meter->read()->value, 700) << "the GPU's power limit";
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("nvml_counter of Fake GPU 0"),
                                     HasSubstr("energy is modelled")));
}

TEST_F(NvmlMeter, FailsByNameWithTheReason) {
  refuse("energy,total,instant,average,usage,module");
  const MeterOptions options{.choice = MeterChoice::nvml, .device_is_gpu = true};
  try {
    const auto meters = open_meters(options, warnings_);
    FAIL() << "opened " << to_string(meters.front()->info().source);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::meter);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("not supported (3)"), HasSubstr("--meter auto")));
  }
}

TEST_F(NvmlMeter, NamesTheIndexThatIsNotThere) {
  const MeterOptions options{.choice = MeterChoice::nvml, .nvml_index = 3, .device_is_gpu = true};
  try {
    const auto meters = open_meters(options, warnings_);
    FAIL() << "opened " << to_string(meters.front()->info().source);
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("NVML has no GPU 3: it lists 1"));
  }
}

TEST_F(NvmlMeter, FailsByNameWhereTheNamedLibraryIsMissing) {
  set("AUTOTUNE_NVML_LIBRARY", "/nowhere/libnvidia-ml.so.1");
  const MeterOptions options{.choice = MeterChoice::nvml};
  try {
    const auto meters = open_meters(options, warnings_);
    FAIL() << "opened " << to_string(meters.front()->info().source);
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("AUTOTUNE_NVML_LIBRARY=/nowhere"));
  }
}

TEST(NvmlMeterWithoutNamedLibrary, DoesNotMeasureACpu) {
  const ScopedEnvironment environment({{"AUTOTUNE_NVML_LIBRARY", std::nullopt}});
  std::vector<std::string> warnings;
  EXPECT_THROW((void)open_meters({.choice = MeterChoice::nvml}, warnings), Error);
}

}  // namespace
}  // namespace autotune
