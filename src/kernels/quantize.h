#pragma once
#include <stdint.h>

// Kernels on plain memory. They know no library, start no threads and check nothing.
#ifdef __cplusplus
extern "C" {
#endif

/// Steps on either side of zero that a weight's byte may take so that sums of products with
/// unsigned bytes are exact: 127, or 64 on an x86 without VNNI, whose multiply-add of byte pairs
/// saturates at 16 bits (2 * 255 * 64 fits, 2 * 255 * 127 does not). Weights give way and not
/// inputs, whose rows have outliers.
int autotune_weight_levels(void);

/// Rows of floats as unsigned bytes: round(x / scale) + 128, to nearest even, with scale = largest
/// magnitude of the row / `levels`. A row with an element that is not finite gets the scale NaN, a
/// row of zeros 0.
/// @param x [rows, columns]
/// @param q [rows, columns]
/// @param scales [rows]
void autotune_quantize_rows(const float* x, int64_t rows, int64_t columns, int levels, uint8_t* q,
                            float* scales);

/// y[m, n] = y[m, n] * scales[m] + bias[n]
/// @param y [rows, columns]
/// @param scales [rows]
/// @param bias [columns], or null
void autotune_scale_rows(float* y, int64_t rows, int64_t columns, const float* scales,
                         const float* bias);

#ifdef __cplusplus
}
#endif
