#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "autotune/watch.hpp"

namespace autotune {

/// What happened beside the model while a window ran. What nobody told is absent.
struct Beside {
  double seconds = 0;                     ///< Of the run.
  std::optional<double> waited_seconds;   ///< The model's threads waited for a CPU, summed.
  std::optional<double> stalled_seconds;  ///< Some task of the machine waited for a CPU.
  std::optional<double> stolen_seconds;   ///< The hypervisor ran something else, over all CPUs.
  std::optional<double> thermal_throttle_seconds;
  std::optional<double> power_brake_seconds;
  std::optional<double> power_cap_seconds;
  std::optional<double> temperature_rise_k;
  /// Of the SM clock to this configuration's median at that temperature.
  std::optional<double> clock_ratio;
  bool foreign_processes = false;  ///< Others computed on the device.
};

/// Differences of two readings round a run.
[[nodiscard]] Beside beside(const Circumstances& before, const Circumstances& after, double seconds,
                            std::optional<double> waited_seconds);

/// Temperatures this close make no difference that shows: 0.2 % of energy per kelvin (ML.ENERGY,
/// 2026-03), and a step or two of the SM clock.
inline constexpr double same_temperature_k = 3;

/// What speaks for and against a window, as flags of a Measurement.
struct Remarks {
  std::vector<std::string> objections;  ///< It does not count: take it again.
  std::vector<std::string> notes;       ///< It counts, and the reader should know.
};

/// Objections: `foreign_load`, `stolen_time`, `thermal_throttle`, `power_brake`, `clock_drift`,
/// `foreign_process`. Notes: `power_capped`, which is how a card at its limit works and part of
/// what a configuration costs, and `temperature_drift`, which no repeat ends and the race allows
/// for (docs/measuring.md#rejection).
[[nodiscard]] Remarks remarks_on(const Beside& beside);

/// Whether a flag of a Measurement says that something disturbed it.
[[nodiscard]] bool is_objection(std::string_view flag) noexcept;

}  // namespace autotune
