#include "search/hybrid/acquisition.hpp"

#include <cmath>
#include <numbers>

namespace autotune {
namespace {

double normal_cdf(double z) noexcept { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double normal_density(double z) noexcept {
  return std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
}

}  // namespace

double expected_improvement(const Belief& belief, double best) noexcept {
  const double gap = best - belief.mean;
  const double deviation = std::sqrt(belief.variance);
  if (deviation <= 0) return gap > 0 ? gap : 0;
  const double z = gap / deviation;
  return gap * normal_cdf(z) + deviation * normal_density(z);
}

double expected_improvement(double low, double high, double best) noexcept {
  if (best <= low) return 0;
  if (best >= high) return best - (low + high) / 2;
  return (best - low) * (best - low) / (2 * (high - low));
}

double chance_below(const Belief& belief, double limit) noexcept {
  if (belief.variance <= 0) return belief.mean < limit ? 1 : 0;
  return normal_cdf((limit - belief.mean) / std::sqrt(belief.variance));
}

}  // namespace autotune
