#include "search/replay/noisy_meter.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

namespace autotune::replay {
namespace {

constexpr int many = 20'000;

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double covariance(const std::vector<double>& values, std::size_t lag) {
  const double middle = mean(values);
  double sum = 0;
  for (std::size_t i = lag; i < values.size(); ++i) {
    sum += (values[i] - middle) * (values[i - lag] - middle);
  }
  return sum / static_cast<double>(values.size());
}

std::vector<double> readings(NoisyMeter meter, int windows = 1) {
  std::vector<double> values(many);
  for (double& value : values) value = meter.joules(10, windows, 0);
  return values;
}

TEST(NoisyMeter, ScattersWindowsByItsSigma) {
  const auto values = readings(NoisyMeter({.sigma = 0.024, .rho = 0.3}, 1));
  EXPECT_NEAR(mean(values), 10, 0.01);
  EXPECT_NEAR(std::sqrt(covariance(values, 0)) / 10, 0.024, 0.0005);
}

TEST(NoisyMeter, CorrelatesSuccessiveWindows) {
  const auto values = readings(NoisyMeter({.sigma = 0.024, .rho = 0.3}, 2));
  EXPECT_NEAR(covariance(values, 1) / covariance(values, 0), 0.30, 0.03);
  EXPECT_NEAR(covariance(values, 2) / covariance(values, 0), 0.09, 0.03);
}

TEST(NoisyMeter, AveragesALongWindowLikeTheWindowsItReplaces) {
  const auto values = readings(NoisyMeter({.sigma = 0.024, .rho = 0}, 3), 4);
  EXPECT_NEAR(std::sqrt(covariance(values, 0)) / 10, 0.012, 0.0004);
}

TEST(NoisyMeter, DriftsWithTheTimeAndByAnAmountOfTheRun) {
  const Noise drift_alone{.sigma = 0, .drift = 0.01};
  std::vector<double> ends;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    NoisyMeter meter(drift_alone, seed);
    EXPECT_DOUBLE_EQ(meter.joules(1, 1, 0), 1);
    const double at_the_end = meter.joules(1, 1, 1e6);
    EXPECT_NEAR(meter.joules(1, 1, 120) - 1, (at_the_end - 1) * std::tanh(1), 1e-12);
    ends.push_back(at_the_end);
  }
  EXPECT_NEAR(mean(ends), 1, 0.0006);
  EXPECT_NEAR(std::sqrt(covariance(ends, 0)), 0.01, 0.0004);
}

TEST(NoisyMeter, ScattersLatenciesByTheirOwnMeasure) {
  NoisyMeter meter({.latency = 0.002}, 4);
  std::vector<double> values(many);
  for (double& value : values) value = meter.latency(5);
  EXPECT_NEAR(mean(values), 5, 0.001);
  EXPECT_NEAR(std::sqrt(covariance(values, 0)) / 5, 0.002, 0.00005);
  EXPECT_NEAR(covariance(values, 1) / covariance(values, 0), 0, 0.03);
}

TEST(NoisyMeter, ReadsTheSameEnergiesWhateverIsProbedBetween) {
  NoisyMeter quiet({}, 5), probed({}, 5);
  for (int i = 0; i < 10; ++i) {
    (void)probed.latency(1);
    EXPECT_EQ(quiet.joules(1, 1, i), probed.joules(1, 1, i));
  }
}

TEST(NoisyMeter, NeverReadsANegativeEnergy) {
  NoisyMeter meter({.sigma = 1, .drift = 1, .latency = 1}, 6);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_GT(meter.joules(1, 1, 1000), 0);
    EXPECT_GT(meter.latency(1), 0);
  }
}

}  // namespace
}  // namespace autotune::replay
