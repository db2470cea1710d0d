#pragma once
#include <span>
#include <vector>

#include "comparison/linear_model.hpp"

namespace autotune {

/// The least weight of a window beside those of the pool: a window a hundred times noisier counts
/// for nothing either way, and smaller weights would only cost precision.
inline constexpr double least_weight = 1e-4;

/// Configurations that share a variance of their windows.
struct ScatterGroup {
  std::vector<std::size_t> configurations;
  double variance = 0;  ///< Of one window's log energy.
  double degrees = 0;
};

/// The pool first, then each configuration that is too noisy for it, alone.
///
/// A pooled variance is fair only among equals: a configuration that a foreign load disturbed would
/// widen the intervals of all others, and its own would be too narrow. So the noisiest ones are
/// taken out where adding them to the others raises the residuals beyond chance. At least two stay
/// in the pool; of two alone the variance of their gap is all that is needed, and it is fair.
[[nodiscard]] std::vector<ScatterGroup> scatter_groups(std::span<const RaceRow> rows,
                                                       const ModelShape& shape);

}  // namespace autotune
