#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/quantize.h"

namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::FloatEq;

struct Quantized {
  std::vector<std::uint8_t> values;
  std::vector<float> scales;
};

Quantized quantize(const std::vector<float>& x, std::size_t rows, int levels = 127) {
  Quantized out{std::vector<std::uint8_t>(x.size()), std::vector<float>(rows)};
  autotune_quantize_rows(x.data(), static_cast<std::int64_t>(rows),
                         static_cast<std::int64_t>(x.size() / rows), levels, out.values.data(),
                         out.scales.data());
  return out;
}

TEST(QuantizeRows, MapsTheLargestMagnitudeToTheLastLevel) {
  const Quantized out = quantize({1, -2, 0.5, 0, -8, 4, 2, 0}, 2);
  EXPECT_THAT(out.values, ElementsAre(128 + 64, 1, 128 + 32, 128, 1, 128 + 64, 128 + 32, 128));
  EXPECT_THAT(out.scales, ElementsAre(FloatEq(2.0F / 127), FloatEq(8.0F / 127)));
}

TEST(QuantizeRows, RoundsTiesToEven) {
  EXPECT_THAT(quantize({127, 0.5, 1.5, 2.5, -0.5, -1.5}, 1).values,
              ElementsAre(255, 128, 130, 130, 128, 126));
}

TEST(QuantizeRows, KeepsWithinTheLevels) {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  for (const int levels : {63, 127}) {
    for (const std::size_t columns : {1U, 7U, 64U, 1000U}) {
      std::vector<float> x(3 * columns);
      for (float& value : x) value = normal(generator);
      const Quantized out = quantize(x, 3, levels);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const int step = out.values[i] - 128;
        ASSERT_LE(std::abs(step), levels);
        ASSERT_NEAR(static_cast<float>(step) * out.scales[i / columns], x[i],
                    0.501 * out.scales[i / columns]);
      }
    }
  }
}

TEST(QuantizeRows, MarksARowThatIsNotFinite) {
  const float inf = std::numeric_limits<float>::infinity();
  const Quantized out = quantize({1, NAN, 1, -inf, 1, 2}, 3);
  EXPECT_TRUE(std::isnan(out.scales[0]));
  EXPECT_TRUE(std::isnan(out.scales[1]));
  EXPECT_THAT(out.scales[2], FloatEq(2.0F / 127));
}

TEST(QuantizeRows, TakesRowsOfZerosAndOfTheSmallestNumbers) {
  const Quantized out = quantize({0, -0.0F, 0, 1e-44F, -1e-42F, 0}, 2);
  EXPECT_THAT(out.values, Each(128));
  EXPECT_THAT(out.scales, Each(0));
}

TEST(ScaleRows, ScalesEachRowAndAddsTheBias) {
  std::vector<float> y{1, 2, 3, 4};
  const std::vector<float> scales{2, 10}, bias{0.5, -1};
  autotune_scale_rows(y.data(), 2, 2, scales.data(), bias.data());
  EXPECT_THAT(y, ElementsAre(2.5, 3, 30.5, 39));
  autotune_scale_rows(y.data(), 2, 2, scales.data(), nullptr);
  EXPECT_THAT(y, ElementsAre(5, 6, 305, 390));
}

}  // namespace
