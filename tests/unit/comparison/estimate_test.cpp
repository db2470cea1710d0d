#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "autotune/comparison.hpp"
#include "autotune/error.hpp"

namespace autotune {
namespace {

TEST(StudentT, AgreesWithPublishedQuantiles) {
  EXPECT_NEAR(student_t_975(1), 12.7062, 1e-4);
  EXPECT_NEAR(student_t_975(10), 2.2281, 1e-4);
  EXPECT_NEAR(student_t_975(40), 2.0211, 5e-4);
  EXPECT_NEAR(student_t_975(120), 1.9799, 5e-4);
}

TEST(Quantile, InterpolatesBetweenOrderStatistics) {
  const std::vector<double> values{4, 1, 3, 2};
  EXPECT_DOUBLE_EQ(quantile(values, 0), 1);
  EXPECT_DOUBLE_EQ(quantile(values, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile(values, 1), 4);
}

TEST(Estimate, IsTheGeometricMean) { EXPECT_NEAR(estimate(std::vector{1.0, 4.0}).value, 2, 1e-12); }

TEST(Estimate, GivesNoIntervalForOneWindow) {
  EXPECT_FALSE(estimate(std::vector{1.5}).ci95.has_value());
}

TEST(Estimate, RefusesAZeroAndANaN) {
  EXPECT_THROW((void)estimate(std::vector{1.0, 0.0}), Error);
  EXPECT_THROW((void)estimate(std::vector{std::numeric_limits<double>::quiet_NaN()}), Error);
}

/// Windows of two configurations that share a drift from round to round.
std::pair<std::vector<double>, std::vector<double>> rounds_with_drift(double true_ratio, double cv,
                                                                      int rounds, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> noise(0, cv);
  std::vector<double> a, b;
  for (int round = 0; round < rounds; ++round) {
    const double drift = 1 + 0.04 * round / rounds;
    a.push_back(true_ratio * drift * std::exp(noise(generator)));
    b.push_back(drift * std::exp(noise(generator)));
  }
  return {a, b};
}

TEST(PairedRatio, CancelsADriftCommonToBothSides) {
  const auto [a, b] = rounds_with_drift(0.95, 0, 8, 1);
  const Ratio ratio = paired_ratio(a, b);
  EXPECT_NEAR(ratio.value, 0.95, 1e-12);
  EXPECT_LT(ratio.half_width(), 1e-9);
}

TEST(PairedRatio, CoversTheTruthInAboutNinetyFivePercentOfRuns) {
  int covered = 0;
  for (unsigned seed = 0; seed < 2000; ++seed) {
    const auto [a, b] = rounds_with_drift(1.02, 0.01, 5, seed);
    const Ratio ratio = paired_ratio(a, b);
    covered += ratio.ci95.low <= 1.02 && 1.02 <= ratio.ci95.high;
  }
  EXPECT_GT(covered, 2000 * 0.935);
  EXPECT_LT(covered, 2000 * 0.965);
}

TEST(PairedRatio, RefusesLengthsThatDiffer) {
  EXPECT_THROW((void)paired_ratio(std::vector{1.0, 2.0}, std::vector{1.0}), Error);
}

}  // namespace
}  // namespace autotune
