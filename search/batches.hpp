#pragma once
#include <vector>

namespace autotune {

/// The powers of two among `batches` (rising); where there are none, the nearest below each power.
[[nodiscard]] std::vector<int> powers_of_two(const std::vector<int>& batches);

/// The one of `batches` (rising, not empty) nearest to `wanted` by ratio.
[[nodiscard]] int nearest(const std::vector<int>& batches, double wanted);

}  // namespace autotune
