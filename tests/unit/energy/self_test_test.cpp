#include "energy/self_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "energy/meters.hpp"
#include "fakes/environment.hpp"
#include "fakes/virtual_nvml.hpp"

namespace autotune {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ScopedEnvironment;
using testing::VirtualNvml;

constexpr double idle_watts = 80;
constexpr double busy_watts = 320;

/// The self-test of a fake GPU's meter, in virtual time.
class SelfTest : public ::testing::Test {
 protected:
  MeterFacts run(const std::string& scenario, double seconds = 15) {
    environment_.set("FAKE_NVML_SCENARIO", scenario);
    const auto power = open_nvml_power(options_);
    const auto meter = std::move(open_nvml(options_).meters.at(0));
    nvml_.set_watts(idle_watts);
    nvml_.clock().sleep_for(std::chrono::milliseconds(500));
    const Load load{[this] { nvml_.set_watts(busy_watts); },
                    [this] { nvml_.set_watts(idle_watts); }, switch_seconds_};
    return self_test(*meter, load, nvml_.clock(),
                     {.seconds = seconds, .power = power.get(), .limit_watts = limit_watts_});
  }

  VirtualNvml nvml_{FAKE_NVML};
  ScopedEnvironment environment_{{"AUTOTUNE_NVML_LIBRARY", FAKE_NVML}};
  MeterOptions options_{.device_is_gpu = true, .clock = &nvml_.clock()};
  double limit_watts_ = 700;
  double switch_seconds_ = 0;
};

TEST_F(SelfTest, BelievesAHealthyCounter) {
  const MeterFacts facts = run("healthy");
  EXPECT_TRUE(facts.advances);
  EXPECT_NEAR(facts.update_period_ms.value(), 100, 1.5);
  EXPECT_GE(facts.ticks, 20);
  EXPECT_NEAR(facts.idle_watts.value(), idle_watts, 1);
  EXPECT_NEAR(facts.load_watts.value(), busy_watts, 3);
  EXPECT_NEAR(facts.disagreement().value(), 0, 0.01);
  EXPECT_EQ(facts.duty_sampled(), false);
  EXPECT_THAT(facts.failures, IsEmpty());
}

class UpdatePeriod : public SelfTest,
                     public ::testing::WithParamInterface<std::pair<const char*, double>> {};

TEST_P(UpdatePeriod, IsThatOfTheCounter) {
  const auto [scenario, milliseconds] = GetParam();
  const MeterFacts facts = run(scenario);
  EXPECT_NEAR(facts.update_period_ms.value(), milliseconds, 1.5);
  EXPECT_FALSE(facts.duty_sampled().value_or(false));
  EXPECT_THAT(facts.failures, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Ticks, UpdatePeriod,
                         ::testing::Values(std::pair("tick_10ms", 10.0),
                                           std::pair("tick_20ms", 20.0),
                                           std::pair("healthy", 100.0),
                                           std::pair("tick_500ms", 500.0)));

TEST_F(SelfTest, FindsASensorThatSeesOnlyAPartOfTheTime) {
  const MeterFacts facts = run("duty_25");
  EXPECT_EQ(facts.duty_sampled(), true);
  EXPECT_GT(*facts.phase_spread, 0.5);
  EXPECT_THAT(facts.failures, IsEmpty()) << "at a steady load it is right";
}

TEST_F(SelfTest, DoesNotTakeJitterForPartialSampling) {
  EXPECT_EQ(run("jitter").duty_sampled(), false);
}

TEST_F(SelfTest, DoesNotTryPhasesThatItsOwnPaceWouldBlur) {
  EXPECT_FALSE(run("tick_10ms").duty_sampled());
  EXPECT_FALSE(run("slow_call").duty_sampled());
  EXPECT_TRUE(run("tick_20ms").duty_sampled());
}

TEST_F(SelfTest, DisbelievesACounterThatStandsStill) {
  const MeterFacts facts = run("frozen");
  EXPECT_FALSE(facts.advances);
  EXPECT_THAT(facts.failures, ElementsAre(HasSubstr("stood still")));
}

TEST_F(SelfTest, DisbelievesACounterThatStopsOnTheWay) {
  EXPECT_THAT(run("stops").failures, ElementsAre(HasSubstr("stood still")));
}

TEST_F(SelfTest, DisbelievesACounterThatFellOrLeapt) {
  constexpr double seconds = 12;  // So that 3 s after the start the load runs and is read.
  EXPECT_THAT(run("reset", seconds).failures, Contains(HasSubstr("fell")));
  EXPECT_THAT(run("leap", seconds).failures, Contains(HasSubstr("fell")));
}

TEST_F(SelfTest, DisbelievesAReadingAboveTheLimit) {
  limit_watts_ = 200;
  EXPECT_THAT(run("healthy").failures, ElementsAre(HasSubstr("limit is 200 W")));
}

TEST_F(SelfTest, DisbelievesReadingsThatFail) {
  EXPECT_THAT(run("gpu_lost").failures, Contains(HasSubstr("readings failed")));
  EXPECT_THAT(run("field_error").failures, Contains(HasSubstr("readings failed")));
}

TEST_F(SelfTest, TimesTheCalls) { EXPECT_NEAR(run("slow_call").call_p50_us, 10'000, 1); }

TEST_F(SelfTest, KeepsToItsTime) {
  for (const char* scenario : {"healthy", "tick_500ms", "slow_call"}) {
    EXPECT_LE(run(scenario).seconds, 15) << scenario;
  }
  const MeterFacts quick = run("healthy", 3);
  EXPECT_LE(quick.seconds, 3);
  EXPECT_FALSE(quick.duty_sampled()) << "not tried";
  EXPECT_NEAR(quick.update_period_ms.value(), 100, 1.5);
}

TEST_F(SelfTest, TestsPowerWhereThereIsNoCounter) {
  const MeterFacts facts = run("counter_not_supported");
  EXPECT_EQ(facts.source, EnergySource::nvml_power_instant);
  EXPECT_NEAR(facts.load_watts.value(), busy_watts, 1);
  EXPECT_THAT(facts.failures, IsEmpty());
}

TEST_F(SelfTest, DoesNotTryPhasesOfALoadThatIsSwitchedTooSlowly) {
  switch_seconds_ = 0.02;  // Of the 100 ms between ticks.
  EXPECT_EQ(run("duty_25").phase_spread, std::nullopt)
      << "it would be the load's, not the sensor's";
  switch_seconds_ = 0.0075;
  EXPECT_EQ(run("duty_25").duty_sampled(), true);
}

}  // namespace
}  // namespace autotune
