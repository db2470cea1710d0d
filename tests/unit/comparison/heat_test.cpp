#include <gmock/gmock.h>

#include <cmath>
#include <vector>

#include "autotune/comparison.hpp"
#include "tests/support/race_simulation.hpp"

namespace autotune {
namespace {

using testing::simulate;

/// Two equal configurations, the second run hotter in the first rounds and cooler in the last.
/// @param per_kelvin relative rise of the energy
/// @param swing kelvin
std::vector<RoundWindow> heated(double per_kelvin, double swing) {
  std::vector<RoundWindow> windows = simulate({.rounds = 8, .cv = 0.0005, .drift = 0}, 1);
  for (RoundWindow& window : windows) {
    const double part = window.configuration == 0 ? 0 : window.round < 6 ? 0.5 : -0.5;
    window.temperature_c = 50 + swing * part;
    window.joules_per_unit *= std::exp(per_kelvin * swing * part);
  }
  return windows;
}

double estimated_ratio(const std::vector<RoundWindow>& windows) {
  return compare_rounds(windows).ratio(1, 0).value().value;
}

TEST(Heat, IsTakenOutWhereTemperaturesTellItsEffect) {
  std::vector<RoundWindow> windows = heated(0.002, 10);
  EXPECT_NEAR(estimated_ratio(windows), 1, 0.001);
  for (RoundWindow& window : windows) window.temperature_c.reset();
  EXPECT_GT(estimated_ratio(windows), 1.004);
}

TEST(Heat, IsIgnoredWhereTemperaturesHardlyDiffer) {
  const std::vector<RoundWindow> windows = heated(0.005, 1);
  std::vector<RoundWindow> without = windows;
  for (RoundWindow& window : without) window.temperature_c.reset();
  EXPECT_DOUBLE_EQ(estimated_ratio(windows), estimated_ratio(without));
}

TEST(Heat, NeverLowersTheEnergy) {
  const std::vector<RoundWindow> windows = heated(-0.002, 10);
  std::vector<RoundWindow> without = windows;
  for (RoundWindow& window : without) window.temperature_c.reset();
  EXPECT_DOUBLE_EQ(estimated_ratio(windows), estimated_ratio(without));
}

TEST(Heat, ExplainsAtMostHalfAPercentPerKelvin) {
  // Mean temperatures differ by 10 · (6 - 2) / 8 · 0.5 = 2.5 K: 2 % · 2.5, less 0.5 % · 2.5.
  EXPECT_NEAR(std::log(estimated_ratio(heated(0.02, 10))), 0.0375, 0.002);
}

TEST(Heat, StaysAConfigurationsOwnWhereItAlwaysRunsHotter) {
  std::vector<RoundWindow> windows = simulate({.rounds = 8, .cv = 0.0005, .drift = 0}, 2);
  for (RoundWindow& window : windows) {
    window.temperature_c = window.configuration == 0 ? 50 : 60;
    if (window.configuration == 1) window.joules_per_unit *= 1.02;
  }
  const Ratio ratio = compare_rounds(windows).ratio(1, 0).value();
  EXPECT_NEAR(ratio.value, 1.02, 0.001);
  EXPECT_LT(ratio.half_width(), 0.001);
}

TEST(Heat, IsLeftOutIfAWindowHasNoTemperature) {
  std::vector<RoundWindow> windows = heated(0.002, 10);
  windows[3].temperature_c.reset();
  EXPECT_GT(estimated_ratio(windows), 1.004);
}

}  // namespace
}  // namespace autotune
