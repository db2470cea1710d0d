#pragma once
#include <optional>
#include <span>

#include "autotune/trial.hpp"

namespace autotune {

/// Ratio of two configurations' energy per unit.
struct Ratio {
  double value = 1;
  Interval ci95;

  [[nodiscard]] double half_width() const noexcept { return (ci95.high - ci95.low) / 2; }
};

/// Ratio a/b with its 95 % interval, paired by round: y = ln(a_i / b_i), so that drift common to a
/// round cancels; exp(mean y ± t s/√n) (docs/measuring.md#comparison).
/// @param a, b joules per unit, same length >= 2, same order of rounds
/// @throws Error (usage) if lengths differ or a value is not positive and finite
[[nodiscard]] Ratio paired_ratio(std::span<const double> a, std::span<const double> b);

/// Geometric mean of windows with its 95 % t-interval on the log scale; the interval is absent
/// below two windows.
struct Estimate {
  double value = 0;
  std::optional<Interval> ci95;
};

/// @throws Error (usage) if empty or a value is not positive and finite
[[nodiscard]] Estimate estimate(std::span<const double> windows);

/// The 97.5 % quantile of Student's t distribution with `degrees` >= 1 degrees of freedom.
[[nodiscard]] double student_t_975(int degrees) noexcept;

/// The q-quantile (0 <= q <= 1) by linear interpolation between order statistics (type 7).
/// @throws Error (usage) if empty
[[nodiscard]] double quantile(std::span<const double> values, double q);

}  // namespace autotune
