#include "torch/accuracy.hpp"

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace autotune {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

at::Tensor rows(const std::vector<float>& values, std::int64_t count) {
  return at::tensor(values).reshape({count, -1});
}

Accuracy compare(const at::Tensor& reference, const at::Tensor& output, int row_count) {
  AccuracyPass pass;
  pass.add({reference}, {output}, row_count);
  return pass.result();
}

TEST(AccuracyPass, TakesTheCosineOfTheWorstRow) {
  const Accuracy accuracy = compare(rows({1, 0, 1, 0}, 2), rows({1, 0, 1, 1}, 2), 2);
  EXPECT_NEAR(accuracy.worst_cosine, std::sqrt(0.5), 1e-9);
  EXPECT_NEAR(accuracy.relative_l2, std::sqrt(1.0 / 2), 1e-9);
}

TEST(AccuracyPass, JudgesOneElementRowsByL2Alone) {
  const Accuracy accuracy = compare(rows({1, 1}, 2), rows({1, -1}, 2), 2);
  EXPECT_EQ(accuracy.worst_cosine, 1);
  EXPECT_NEAR(accuracy.relative_l2, std::sqrt(2.0), 1e-9);
}

TEST(AccuracyPass, AddsUpChunks) {
  AccuracyPass pass;
  pass.add({rows({3, 0}, 1)}, {rows({3, 0}, 1)}, 1);
  pass.add({rows({0, 4}, 1)}, {rows({0, 3}, 1)}, 1);
  EXPECT_EQ(pass.result().rows, 2);
  EXPECT_NEAR(pass.result().relative_l2, 0.2, 1e-9);
}

TEST(AccuracyPass, FindsAnOutputThatIsNotFinite) {
  EXPECT_FALSE(compare(rows({1, 2}, 1), rows({1, NAN}, 1), 1).finite);
  EXPECT_FALSE(compare(rows({1, 2}, 1), rows({1, infinity}, 1), 1).finite);
}

TEST(AccuracyPass, AcceptsInfinitiesThatTheReferenceHasToo) {
  const Accuracy accuracy = compare(rows({1, -infinity}, 1), rows({1, -infinity}, 1), 1);
  EXPECT_TRUE(accuracy.finite);
  EXPECT_EQ(accuracy.relative_l2, 0);
}

TEST(AccuracyPass, CountsAnotherShapeAsNotFinite) {
  EXPECT_FALSE(compare(rows({1, 2}, 1), rows({1, 2, 3}, 1), 1).finite);
}

TEST(AccuracyPass, ComparesRowsOfZerosAsEqual) {
  const Accuracy accuracy = compare(rows({0, 0, 1, 2}, 2), rows({0, 0, 1, 2}, 2), 2);
  EXPECT_NEAR(accuracy.worst_cosine, 1, 1e-12);
}

}  // namespace
}  // namespace autotune
