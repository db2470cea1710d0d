#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "autotune/comparison.hpp"
#include "autotune/error.hpp"
#include "comparison/log_scale.hpp"

namespace autotune {

double student_t_975(int degrees) noexcept {
  // Student's t, two-sided 95 %, degrees 1 … 30: any table of the distribution.
  static constexpr std::array<double, 30> table{
      12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
      2.2010,  2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
      2.0796,  2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423};
  if (degrees < 1) return std::numeric_limits<double>::infinity();
  if (degrees <= 30) return table[static_cast<std::size_t>(degrees - 1)];
  // Cornish–Fisher expansion about the normal quantile z = 1.959964; within 0.0002 above 30.
  constexpr double z = 1.959963985;
  const double n = degrees;
  return z + (z * z * z + z) / (4 * n) +
         (5 * std::pow(z, 5) + 16 * z * z * z + 3 * z) / (96 * n * n);
}

double quantile(std::span<const double> values, double q) {
  if (values.empty()) throw Error(ErrorCode::usage, "a quantile needs at least one value.");
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

std::vector<double> logarithms(std::span<const double> values) {
  std::vector<double> logs;
  logs.reserve(values.size());
  for (const double value : values) {
    if (!(value > 0) || !std::isfinite(value)) {
      throw Error(
          ErrorCode::usage,
          fmt::format("energies to compare must be positive and finite; one is {}.", value));
    }
    logs.push_back(std::log(value));
  }
  return logs;
}

LogSummary summarise(std::span<const double> logs) {
  const auto n = static_cast<double>(logs.size());
  const double mean = std::accumulate(logs.begin(), logs.end(), 0.0) / n;
  double squares = 0;
  for (const double value : logs) squares += (value - mean) * (value - mean);
  const int degrees = static_cast<int>(logs.size()) - 1;
  if (degrees < 1) return {mean, std::nullopt};
  return {mean, student_t_975(degrees) * std::sqrt(squares / degrees / n)};
}

Estimate estimate(std::span<const double> windows) {
  if (windows.empty()) throw Error(ErrorCode::usage, "an estimate needs at least one window.");
  const LogSummary summary = summarise(logarithms(windows));
  Estimate result{std::exp(summary.mean), std::nullopt};
  if (const auto h = summary.half_width) {
    result.ci95 = Interval{std::exp(summary.mean - *h), std::exp(summary.mean + *h)};
  }
  return result;
}

}  // namespace autotune
