#include "energy/phase_bursts.hpp"

#include <gtest/gtest.h>

#include "energy/meter_trace.hpp"
#include "fakes/environment.hpp"
#include "support/pulsed_gpu.hpp"

namespace autotune {
namespace {

using testing::over_phase;
using testing::PulsedGpu;
using testing::ScopedEnvironment;
using testing::VirtualNvml;
using namespace std::chrono_literals;

TEST(PhaseBursts, BeginAtEachQuarterAfterATickAndFillTheWindow) {
  const auto bursts = phase_bursts(1000ms, 100ms, 1250ms, 6s);
  EXPECT_EQ(bursts[0], (Burst{1300ms, 2800ms}));
  EXPECT_EQ(bursts[1], (Burst{2825ms, 4325ms}));
  EXPECT_EQ(bursts[2], (Burst{4350ms, 5850ms}));
  EXPECT_EQ(bursts[3], (Burst{5875ms, 7375ms}));
}

TEST(PhaseBursts, LastWholePeriods) {
  for (const Burst& burst : phase_bursts(0ms, 100ms, 0ms, 5s)) {
    EXPECT_EQ(burst.end - burst.begin, 1300ms);
  }
}

/// The steps of docs/measuring.md#faults-of-meters on a sensor that sees 25 of every 100 ms, W = 6
/// s.
bool beats(double step_ms) {
  return may_beat({.step_seconds = step_ms / 1000,
                   .period_seconds = 0.1,
                   .sampled_seconds = 0.025,
                   .window_seconds = 6});
}

TEST(MayBeat, FlagsEveryStepThatIsOffByThreePercentOrMore) {
  for (const double step_ms : {10, 20, 50, 99, 100, 150, 250, 300}) {
    EXPECT_TRUE(beats(step_ms)) << step_ms;
  }
}

TEST(MayBeat, LeavesALoadAloneThatIsOutOfStep) {
  EXPECT_FALSE(beats(95));
  EXPECT_FALSE(beats(7.3));
  EXPECT_FALSE(beats(5000));
}

TEST(MayBeat, FindsNothingOnASensorThatSeesAllOfTheTime) {
  EXPECT_FALSE(may_beat({0.1, 0.1, 0.1, 6}));
  EXPECT_FALSE(may_beat({0.05, 0.1, 0.1, 6}));
}

/// A GPU whose counter sees 25 of every 100 ms, under a load of the given milliseconds.
class PartlySeenLoad : public ::testing::TestWithParam<int> {
 protected:
  VirtualNvml nvml_{FAKE_NVML};
  ScopedEnvironment environment_{{"AUTOTUNE_NVML_LIBRARY", FAKE_NVML},
                                 {"FAKE_NVML_SCENARIO", "duty_25"}};
  std::unique_ptr<EnergyMeter> meter_ =
      std::move(open_nvml({.device_is_gpu = true, .clock = &nvml_.clock()}).meters.at(0));
  PulsedGpu gpu_{nvml_, *meter_};
  std::chrono::milliseconds step_{GetParam()};
};

TEST_P(PartlySeenLoad, IsOffByItsPhaseInOneWindowAndNotInFourBursts) {
  const auto naive = over_phase([this](double phase) { return gpu_.naive(step_, 6s, phase); });
  const auto bursts = over_phase([this](double phase) { return gpu_.in_bursts(step_, 6s, phase); });
  EXPECT_GT(relative_spread(naive), 0.1);
  EXPECT_LT(relative_spread(bursts), 0.01);
  for (const double ratio : bursts) EXPECT_NEAR(ratio, 1, 0.01);
}

INSTANTIATE_TEST_SUITE_P(Steps, PartlySeenLoad, ::testing::Values(10, 50, 300));

using LoadInStep = PartlySeenLoad;

TEST_P(LoadInStep, IsOffByAboutTwentySevenPercentInOneWindow) {
  const auto naive = over_phase([this](double phase) { return gpu_.naive(step_, 6s, phase); });
  EXPECT_NEAR(testing::relative_deviation(naive), 0.27, 0.02);
  const auto bursts = over_phase([this](double phase) { return gpu_.in_bursts(step_, 6s, phase); });
  EXPECT_LT(relative_spread(bursts), 0.01);
}

INSTANTIATE_TEST_SUITE_P(AtTheCountersPeriod, LoadInStep, ::testing::Values(100));

}  // namespace
}  // namespace autotune
