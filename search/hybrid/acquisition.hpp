#pragma once

#include "search/hybrid/gaussian_process.hpp"

namespace autotune {

/// How much lower than `best` a value is expected to turn out, counting only what lies below.
/// @param best log energy of the best measured configuration, its posterior mean
[[nodiscard]] double expected_improvement(const Belief& belief, double best) noexcept;

/// The chance that the value lies below `limit`.
[[nodiscard]] double chance_below(const Belief& belief, double limit) noexcept;

}  // namespace autotune
