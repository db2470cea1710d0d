#pragma once

namespace autotune {

/// The regularised incomplete beta function I_x(a, b), to about 1e-12.
[[nodiscard]] double incomplete_beta(double a, double b, double x) noexcept;

/// The chance that Fisher's F with d1 and d2 degrees of freedom exceeds `f`.
[[nodiscard]] double f_upper_tail(double f, double d1, double d2) noexcept;

}  // namespace autotune
