#include "kernels/quantize.h"

#include <bit>
#include <cstdint>
#include <limits>

// One copy per instruction set, chosen when the program is loaded. Loops are written so that the
// compiler turns them into vectors without being allowed to reorder arithmetic.
#if defined(__x86_64__)
#define AUTOTUNE_VECTORIZED __attribute__((target_clones("arch=skylake-avx512", "avx2", "default")))
#else
#define AUTOTUNE_VECTORIZED
#endif

namespace {

constexpr std::uint32_t magnitude_bits = 0x7fffffff;
constexpr std::uint32_t infinity_bits = 0x7f800000;

// 1.5 * 2^23: in its binade floats are whole numbers, so that adding it rounds to the nearest, even
// on ties, and leaves the number in the low bits.
constexpr float rounder = 12582912.0F;

}  // namespace

int autotune_weight_levels() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512vnni") || __builtin_cpu_supports("avxvnni") ? 127 : 64;
#else
  return 127;
#endif
}

// Magnitudes are compared as integers, which order floats as well and let NaN come out on top.
AUTOTUNE_VECTORIZED
void autotune_quantize_rows(const float* x, int64_t rows, int64_t columns, int levels, uint8_t* q,
                            float* scales) {
  const std::uint32_t offset = std::bit_cast<std::uint32_t>(rounder) - 128U;
  for (int64_t row = 0; row < rows; ++row, x += columns, q += columns) {
    std::uint32_t largest = 0;
    for (int64_t i = 0; i < columns; ++i) {
      const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(x[i]) & magnitude_bits;
      largest = magnitude > largest ? magnitude : largest;
    }
    const bool finite = largest < infinity_bits;
    float step = finite ? std::bit_cast<float>(largest) / static_cast<float>(levels) : 0.0F;
    if (step < std::numeric_limits<float>::min()) step = 0;  // Its inverse would not be finite.
    const float inverse = step > 0 ? 1.0F / step : 0.0F;
    scales[row] = finite ? step : std::numeric_limits<float>::quiet_NaN();
    for (int64_t i = 0; i < columns; ++i) {
      const float value = finite ? x[i] : 0.0F;
      q[i] = static_cast<uint8_t>(std::bit_cast<std::uint32_t>(value * inverse + rounder) - offset);
    }
  }
}

AUTOTUNE_VECTORIZED
void autotune_scale_rows(float* y, int64_t rows, int64_t columns, const float* scales,
                         const float* bias) {
  for (int64_t row = 0; row < rows; ++row, y += columns) {
    const float scale = scales[row];
    if (bias != nullptr) {
      for (int64_t i = 0; i < columns; ++i) y[i] = y[i] * scale + bias[i];
    } else {
      for (int64_t i = 0; i < columns; ++i) y[i] *= scale;
    }
  }
}
