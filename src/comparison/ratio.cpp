#include <fmt/format.h>

#include <cmath>

#include "autotune/comparison.hpp"
#include "autotune/error.hpp"
#include "comparison/log_scale.hpp"

namespace autotune {

Ratio paired_ratio(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size() || a.size() < 2) {
    throw Error(ErrorCode::usage,
                fmt::format("a paired ratio needs two windows or more of each, in "
                            "pairs; there are {} and {}.",
                            a.size(), b.size()));
  }
  std::vector<double> differences = logarithms(a);
  const std::vector<double> logs_b = logarithms(b);
  for (std::size_t i = 0; i < differences.size(); ++i) differences[i] -= logs_b[i];
  const LogSummary summary = summarise(differences);
  const double half_width = summary.half_width.value();
  return {std::exp(summary.mean),
          {std::exp(summary.mean - half_width), std::exp(summary.mean + half_width)}};
}

}  // namespace autotune
