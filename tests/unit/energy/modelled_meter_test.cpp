#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "autotune/error.hpp"
#include "energy/meters.hpp"
#include "fakes/environment.hpp"
#include "platform/cgroup.hpp"

namespace autotune {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ScopedEnvironment;

/// A machine without a counter.
class ModelledMeter : public ::testing::Test {
 protected:
  ScopedEnvironment environment_{{"AUTOTUNE_NVML_LIBRARY", "/nowhere/libnvidia-ml.so.1"},
                                 {"AUTOTUNE_POWERCAP_ROOT", "/nowhere"}};
  std::vector<std::string> warnings_;
};

TEST_F(ModelledMeter, IsWhatIsLeftAndSaysSo) {
  const auto meters = open_meters({}, warnings_);
  ASSERT_EQ(meters.size(), 1u);
  const MeterInfo& info = meters[0]->info();
  EXPECT_EQ(info.source, EnergySource::modelled);
  EXPECT_EQ(info.scope, EnergyScope::cpu_package);
  EXPECT_FALSE(info.claimable);
  EXPECT_THAT(info.note, HasSubstr("constant"));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("/nowhere is not there"), HasSubstr(info.note)));
}

TEST_F(ModelledMeter, GivesACpuFiveWattsPerVisibleCore) {
  const auto meters = open_meters({.choice = MeterChoice::modelled}, warnings_);
  EXPECT_DOUBLE_EQ(meters[0]->read()->value, 5.0 * usable_cores());
  EXPECT_TRUE(warnings_.empty()) << "the user asked for it";
}

TEST_F(ModelledMeter, TakesTheWattageGiven) {
  const auto meters =
      open_meters({.choice = MeterChoice::modelled, .modelled_watts = 65.0}, warnings_);
  EXPECT_DOUBLE_EQ(meters[0]->read()->value, 65);
  EXPECT_THAT(meters[0]->info().note, HasSubstr("65 W"));
}

TEST_F(ModelledMeter, SpendsInProportionToTime) {
  const auto meters =
      open_meters({.choice = MeterChoice::modelled, .modelled_watts = 65.0}, warnings_);
  std::vector<Reading> readings = {*meters[0]->read(), *meters[0]->read()};
  const Timestamp begin = readings[0].time;
  readings[1].time = begin + std::chrono::seconds(2);
  const auto joules = joules_between(readings, meters[0]->info().kind, begin, readings[1].time);
  EXPECT_NEAR(joules.value(), 130, 1e-9);
}

TEST_F(ModelledMeter, RefusesAWattageThatIsNone) {
  for (const double watts : {0.0, -5.0, std::numeric_limits<double>::quiet_NaN()}) {
    const MeterOptions options{.choice = MeterChoice::modelled, .modelled_watts = watts};
    EXPECT_THROW((void)open_meters(options, warnings_), Error) << watts;
  }
}

}  // namespace
}  // namespace autotune
