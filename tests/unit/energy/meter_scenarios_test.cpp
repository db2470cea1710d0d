#include "support/meter_scenarios.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "fakes/without_root.hpp"

namespace autotune {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ScenarioResult;

/// The most that a figure may be above what was spent: half a tick of 500 ms in 5 s, and noise.
constexpr double most_ratio = 1.06;

ScenarioResult run(const std::string& name) {
  return name.starts_with("rapl_") ? testing::run_rapl_scenario(name)
                                   : testing::run_nvml_scenario(name, FAKE_NVML, FAKE_NVML_OLD);
}

class MeterScenario : public ::testing::TestWithParam<std::string> {};

/// No silent zero, no negative and no inflated energy, whatever the meter does.
TEST_P(MeterScenario, EndsInALabelledFigureInNoneOrInAnError) {
  const ScenarioResult result = run(GetParam());
  EXPECT_NE(result.meter.source, EnergySource::none);
  EXPECT_FALSE(result.meter.claimable) << "nothing of a fake may be claimed";
  EXPECT_THAT(result.meter.note, Not(IsEmpty()));
  if (result.meter.source == EnergySource::modelled) {
    EXPECT_THAT(result.warnings, Contains(HasSubstr("energy is modelled")));
    EXPECT_THAT(result.named_error,
                AnyOf(HasSubstr("--meter nvml: "), HasSubstr("--meter rapl: ")));
    return;
  }
  for (const auto& window : {result.window, result.next_window}) {
    if (!window.counted) continue;
    EXPECT_GT(*window.counted, 0.9 * window.spent);
    EXPECT_LT(*window.counted, most_ratio * window.spent);
  }
}

std::vector<std::string> all_scenarios() {
  auto names = testing::nvml_scenarios();
  const auto rapl = testing::rapl_scenarios();
  names.insert(names.end(), rapl.begin(), rapl.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Table, MeterScenario, ::testing::ValuesIn(all_scenarios()),
                         [](const auto& scenario) { return scenario.param; });

class VoidWindow : public ::testing::TestWithParam<std::string> {};

TEST_P(VoidWindow, HasNoEnergyAtAll) { EXPECT_FALSE(run(GetParam()).window.counted); }

INSTANTIATE_TEST_SUITE_P(Faults, VoidWindow,
                         ::testing::Values("gpu_lost", "reset", "frozen", "stops", "leap",
                                           "field_error", "rapl_reset", "rapl_frozen"));

TEST(WindowAfterAFault, HasItsEnergyAgain) {
  for (const std::string name : {"reset", "leap", "rapl_reset", "rapl_wrap"}) {
    const ScenarioResult result = run(name);
    ASSERT_TRUE(result.next_window.counted) << name;
    EXPECT_NEAR(*result.next_window.counted / result.next_window.spent, 1, 0.01) << name;
  }
}

class ExactWindow : public ::testing::TestWithParam<std::string> {};

TEST_P(ExactWindow, IsWithinOnePercentOfWhatWasSpent) {
  const ScenarioResult result = run(GetParam());
  ASSERT_TRUE(result.window.counted);
  EXPECT_NEAR(*result.window.counted / result.window.spent, 1, 0.01);
}

INSTANTIATE_TEST_SUITE_P(Meters, ExactWindow,
                         ::testing::Values("healthy", "old_library", "value_uint", "value_double",
                                           "tick_10ms", "tick_20ms", "tick_500ms", "jitter",
                                           "duty_25", "mig", "module_only", "bus_order",
                                           "slow_call", "heating", "counter_not_supported",
                                           "rapl_healthy", "rapl_wrap", "rapl_dies",
                                           "rapl_mirrored", "rapl_twice"));

TEST(ScenarioLabel, NamesWhatTheCounterCovers) {
  EXPECT_EQ(run("mig").meter.scope, EnergyScope::whole_gpu);
  EXPECT_EQ(run("vgpu").meter.scope, EnergyScope::whole_gpu);
  EXPECT_THAT(run("vgpu").meter.note, HasSubstr("virtual GPU"));
  EXPECT_EQ(run("passthrough").meter.scope, EnergyScope::gpu);
  EXPECT_EQ(run("module_only").meter.scope, EnergyScope::module);
  EXPECT_EQ(run("only_average").meter.source, EnergySource::nvml_power_average);
}

TEST(ScenarioCircumstances, TellWhatElseWentOn) {
  EXPECT_THAT(run("healthy").circumstances, IsEmpty());
  EXPECT_THAT(run("thermal").circumstances,
              ElementsAre("software thermal slowdown 20 % of the time"));
  EXPECT_THAT(run("power_cap").circumstances, ElementsAre("power cap 50 % of the time"));
  EXPECT_THAT(run("foreign_process").circumstances, ElementsAre("process 4242"));
  EXPECT_THAT(run("heating").circumstances, ElementsAre(HasSubstr("°C")));
}

TEST(ScenarioError, NamesTheCauseAndTheNumber) {
  EXPECT_THAT(run("no_permission").named_error, HasSubstr("no permission (4)"));
  EXPECT_THAT(run("driver_not_loaded").named_error, HasSubstr("driver is not loaded (9)"));
  EXPECT_THAT(run("version_mismatch").named_error, HasSubstr("(18)"));
  EXPECT_THAT(run("nothing_supported").named_error, HasSubstr("not supported (3)"));
  EXPECT_THAT(run("no_devices").named_error, HasSubstr("no GPU"));
}

TEST(ScenarioError, NamesTheFileThatIsRootsAlone) {
  if (!testing::WithoutRoot()) GTEST_SKIP() << "root cannot become anybody else here";
  EXPECT_THAT(run("rapl_no_permission").named_error, HasSubstr("energy_uj: Permission denied"));
}

}  // namespace
}  // namespace autotune
