#include "comparison/distributions.hpp"

#include <algorithm>
#include <cmath>

#include "autotune/comparison.hpp"

namespace autotune {
namespace {

/// The continued fraction of I_x(a, b) (DLMF 8.17.22) by the modified method of Lentz.
double beta_fraction(double a, double b, double x) noexcept {
  constexpr double tiny = 1e-300;
  constexpr int most_terms = 10'000;  // About √max(a, b) are needed.
  const auto guarded = [](double value) { return std::abs(value) < tiny ? tiny : value; };
  double c = 1;
  double d = 1 / guarded(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m < most_terms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    for (const double term : {even, odd}) {
      d = 1 / guarded(1 + term * d);
      c = guarded(1 + term / c);
      fraction *= c * d;
    }
    if (std::abs(c * d - 1) < 1e-14) break;
  }
  return fraction;
}

}  // namespace

double incomplete_beta(double a, double b, double x) noexcept {
  if (!(x > 0)) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast on this side only; the other one is its mirror image.
  if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(b, a, 1 - x);
  const double log_front =
      std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x);
  return std::exp(log_front) * beta_fraction(a, b, x) / a;
}

double f_upper_tail(double f, double d1, double d2) noexcept {
  return incomplete_beta(d2 / 2, d1 / 2, d2 / (d2 + d1 * f));
}

double student_t_quantile(double p, double degrees) noexcept {
  if (p == 0.5) return 0;
  // P(|t| > q) = I_x(degrees / 2, 1/2) with x = degrees / (degrees + q²), which rises with x.
  const double both_tails = 2 * std::min(p, 1 - p);
  double low = 0, high = 1;
  for (int halving = 0; halving < 60; ++halving) {
    const double x = (low + high) / 2;
    (incomplete_beta(degrees / 2, 0.5, x) < both_tails ? low : high) = x;
  }
  const double q = std::sqrt(degrees * (1 - high) / high);
  return p < 0.5 ? -q : q;
}

}  // namespace autotune
