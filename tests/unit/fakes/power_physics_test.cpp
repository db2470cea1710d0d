#include "fakes/power_physics.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace autotune::testing {
namespace {

/// ∫ P by the midpoint rule, fine enough for six digits.
double integrated(const PowerTrace& trace, double begin, double end) {
  constexpr int steps = 200'000;
  const double width = (end - begin) / steps;
  double joules = 0;
  for (int i = 0; i < steps; ++i) joules += trace.watts(begin + (i + 0.5) * width) * width;
  return joules;
}

TEST(PowerTrace, IntegratesASquareWave) {
  const PowerTrace trace({.watts = 400, .low_watts = 100, .period_s = 0.3, .phase_s = 0.07});
  EXPECT_NEAR(trace.joules(5.23) - trace.joules(1.11), integrated(trace, 1.11, 5.23), 0.05);
}

TEST(PowerTrace, IntegratesAWaveThatHeats) {
  const PowerTrace trace({.watts = 400,
                          .low_watts = 100,
                          .period_s = 0.3,
                          .gamma = 0.002,
                          .heating_kelvin = 30,
                          .heating_s = 4,
                          .heats_from_s = 2});
  EXPECT_NEAR(trace.joules(9.1) - trace.joules(1.3), integrated(trace, 1.3, 9.1), 0.02);
}

TEST(PowerTrace, ComesToItsFinalTemperature) {
  const PowerTrace trace({.watts = 300, .gamma = 0.002, .heating_kelvin = 20, .heating_s = 10});
  EXPECT_NEAR(trace.heated_kelvin(10), 20 * (1 - std::exp(-1)), 1e-9);
  EXPECT_NEAR(trace.watts(1000), 300 * 1.04, 1e-6);
}

TEST(PowerTrace, FollowsTheStepsThatAreSet) {
  PowerTrace trace({.watts = 50});
  trace.set_watts(10, 300);
  trace.set_watts(12, 100);
  EXPECT_NEAR(trace.joules(13) - trace.joules(9), 50 + 600 + 100, 1e-9);
  EXPECT_EQ(trace.watts(11), 300);
}

TEST(Sensor, LatchesWholePeriods) {
  const PowerTrace trace({.watts = 200});
  Sensor sensor(trace, {.period_s = 0.1});
  EXPECT_NEAR(sensor.joules(5.05), 200 * 5.0, 1e-9);
  EXPECT_EQ(sensor.joules(5.09), sensor.joules(5.01));
  EXPECT_NEAR(sensor.joules(5.11), 200 * 5.1, 1e-9);
}

TEST(Sensor, LatchesLateByItsJitterAndLosesNothing) {
  const PowerTrace trace({.watts = 200});
  Sensor sensor(trace, {.period_s = 0.1, .jitter_s = 0.03});
  const double begin = sensor.joules(5.095);
  EXPECT_NEAR(sensor.joules(65.095) - begin, 200 * 60, 200 * 0.03);
}

TEST(Sensor, SeesOnlyTheSampledPartOfEachPeriod) {
  const PowerTrace trace({.watts = 400, .low_watts = 200, .period_s = 0.1});
  Sensor sensor(trace, {.period_s = 0.1, .sampled_s = 0.025});
  const double begin = sensor.joules(1.001);
  EXPECT_NEAR(sensor.joules(2.001) - begin, 400, 1e-9) << "never the half at 200 W";
  EXPECT_NEAR(sensor.instant_watts(2.05), 400, 1e-9);
  EXPECT_NEAR(sensor.average_watts(2.05), 300, 1e-9);
}

TEST(Sensor, IsOffByItsGain) {
  const PowerTrace trace({.watts = 300});
  Sensor sensor(trace, {.gain = 0.95});
  const double begin = sensor.joules(1.05);
  EXPECT_NEAR(sensor.joules(3.05) - begin, 0.95 * 600, 1e-9);
}

TEST(Sensor, AveragesItsNoiseOut) {
  const PowerTrace trace({.watts = 300});
  Sensor sensor(trace, {.period_s = 0.1, .noise_watts = 5});
  EXPECT_NE(sensor.instant_watts(1.05), sensor.instant_watts(1.15));
  const double begin = sensor.joules(1.05);
  EXPECT_NEAR((sensor.joules(101.05) - begin) / 100, 300, 5 * 4 / std::sqrt(1000));
}

}  // namespace
}  // namespace autotune::testing
