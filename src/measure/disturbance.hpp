#pragma once
#include <optional>
#include <string>
#include <vector>

#include "autotune/watch.hpp"

namespace autotune {

/// What happened beside the model while a window ran. What nobody told is absent.
struct Beside {
  double seconds = 0;                     ///< Of the run.
  std::optional<double> waited_seconds;   ///< The model's threads waited for a CPU, summed.
  std::optional<double> stalled_seconds;  ///< Some task of the machine waited for a CPU.
  std::optional<double> stolen_seconds;   ///< The hypervisor ran something else, over all CPUs.
};

/// Differences of two readings round a run.
[[nodiscard]] Beside beside(const Circumstances& before, const Circumstances& after, double seconds,
                            std::optional<double> waited_seconds);

/// Why a window does not count, as flags of a Measurement: `foreign_load`, `stolen_time`; empty if
/// nothing speaks against it (docs/measuring.md#rejection).
[[nodiscard]] std::vector<std::string> disturbances(const Beside& beside);

}  // namespace autotune
