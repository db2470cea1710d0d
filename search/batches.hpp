#pragma once
#include <vector>

#include "autotune/searcher.hpp"

namespace autotune {

/// The powers of two among `batches` (rising); where there are none, the nearest below each power.
[[nodiscard]] std::vector<int> powers_of_two(const std::vector<int>& batches);

/// Arm by arm and rising.
[[nodiscard]] std::vector<Candidate> every_candidate(const SearchSpace& space);

/// The one of `batches` (rising, not empty) nearest to `wanted` by ratio.
[[nodiscard]] int nearest(const std::vector<int>& batches, double wanted);

}  // namespace autotune
