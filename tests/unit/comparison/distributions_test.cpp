#include "comparison/distributions.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "autotune/comparison.hpp"

namespace autotune {
namespace {

TEST(StudentTQuantile, AgreesWithPublishedQuantiles) {
  EXPECT_NEAR(student_t_quantile(0.995, 4), 4.6041, 1e-4);
  EXPECT_NEAR(student_t_quantile(0.975, 1), 12.7062, 1e-4);
  EXPECT_NEAR(student_t_quantile(0.9995, 10), 4.5869, 1e-4);
  EXPECT_NEAR(student_t_quantile(0.975, 1e9), 1.959964, 1e-5);
}

TEST(StudentTQuantile, IsOddAboutTheMedian) {
  EXPECT_EQ(student_t_quantile(0.5, 3), 0);
  EXPECT_DOUBLE_EQ(student_t_quantile(0.1, 3), -student_t_quantile(0.9, 3));
}

TEST(StudentTQuantile, LiesBetweenItsNeighboursForDegreesThatAreNotWhole) {
  const double q = student_t_quantile(0.975, 4.5);
  EXPECT_LT(q, student_t_quantile(0.975, 4));
  EXPECT_GT(q, student_t_quantile(0.975, 5));
}

TEST(StudentTQuantile, AgreesWithTheTableOfTheSimpleIntervals) {
  for (int degrees = 1; degrees <= 60; ++degrees) {
    EXPECT_NEAR(student_t_quantile(0.975, degrees), student_t_975(degrees), 2e-4) << degrees;
  }
}

TEST(IncompleteBeta, IsAPolynomialForWholeParameters) {
  const double x = 0.4;  // I_x(2, 3) = 6x² - 8x³ + 3x⁴
  EXPECT_NEAR(incomplete_beta(2, 3, x), 6 * x * x - 8 * x * x * x + 3 * x * x * x * x, 1e-12);
  EXPECT_EQ(incomplete_beta(2, 3, 0), 0);
  EXPECT_EQ(incomplete_beta(2, 3, 1), 1);
}

TEST(FUpperTail, AgreesWithPublishedQuantiles) {
  EXPECT_NEAR(f_upper_tail(3.7083, 3, 10), 0.05, 1e-5);
  EXPECT_NEAR(f_upper_tail(6.5523, 3, 10), 0.01, 1e-5);
}

TEST(FUpperTail, OfOneDegreeIsStudentsTSquared) {
  const double t = student_t_quantile(0.975, 7);
  EXPECT_NEAR(f_upper_tail(t * t, 1, 7), 0.05, 1e-9);
}

}  // namespace
}  // namespace autotune
