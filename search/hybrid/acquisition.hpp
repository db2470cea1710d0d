#pragma once

#include "search/hybrid/gaussian_process.hpp"

namespace autotune {

/// How much lower than `best` a value is expected to turn out, counting only what lies below.
/// @param best of the best measured configuration; 0 where the belief is of a gap to it
[[nodiscard]] double expected_improvement(const Belief& belief, double best) noexcept;

/// The same of a value that lies anywhere between two bounds with equal chance.
[[nodiscard]] double expected_improvement(double low, double high, double best) noexcept;

/// The chance that the value lies below `limit`.
[[nodiscard]] double chance_below(const Belief& belief, double limit) noexcept;

}  // namespace autotune
