#pragma once
#include <optional>
#include <span>
#include <vector>

namespace autotune {

/// Mean of logarithms and the half width of its 95 % t-interval, absent below two values.
struct LogSummary {
  double mean = 0;
  std::optional<double> half_width;
};

/// @throws Error (usage) if a value is not positive and finite
[[nodiscard]] std::vector<double> logarithms(std::span<const double> values);

[[nodiscard]] LogSummary summarise(std::span<const double> logs);

}  // namespace autotune
