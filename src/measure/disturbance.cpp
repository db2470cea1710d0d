#include "measure/disturbance.hpp"

#include <algorithm>

#include "autotune/clock.hpp"

namespace autotune {
namespace {

// Shares of a run's time. On two quiet cores a model's threads waited 0.5 to 1.5 % of it and the
// hypervisor took up to 0.7 %; with a busy process beside them they waited 69 to 79 %
// (benchmarks/foreign_load.py).
constexpr double most_waiting = 0.05;
constexpr double most_stalling = 0.05;
constexpr double most_stolen = 0.02;

std::optional<double> difference(const std::optional<std::chrono::nanoseconds>& before,
                                 const std::optional<std::chrono::nanoseconds>& after) {
  if (!before || !after) return std::nullopt;
  return std::max(0.0, in_seconds(*after - *before));
}

}  // namespace

Beside beside(const Circumstances& before, const Circumstances& after, double seconds,
              std::optional<double> waited_seconds) {
  return {seconds, waited_seconds, difference(before.stalled, after.stalled),
          difference(before.stolen, after.stolen)};
}

std::vector<std::string> disturbances(const Beside& beside) {
  std::vector<std::string> flags;
  const auto above = [&](const std::optional<double>& value, double share) {
    return value && *value > share * beside.seconds;
  };
  // Pressure is the machine's; where the model's own waiting is known it says more.
  if (beside.waited_seconds ? above(beside.waited_seconds, most_waiting)
                            : above(beside.stalled_seconds, most_stalling)) {
    flags.emplace_back("foreign_load");
  }
  if (above(beside.stolen_seconds, most_stolen)) flags.emplace_back("stolen_time");
  return flags;
}

}  // namespace autotune
