#include "measure/disturbance.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "autotune/clock.hpp"

namespace autotune {
namespace {

// Shares of a run's time. On two quiet cores a model's threads waited 0.5 to 1.5 % of it and the
// hypervisor took up to 0.7 %; with a busy process beside them they waited 69 to 79 %
// (benchmarks/foreign_load.py).
constexpr double most_waiting = 0.05;
constexpr double most_stalling = 0.05;
constexpr double most_stolen = 0.02;
constexpr double most_throttled = 0.001;  // The counters are exact, so any real share counts.

constexpr std::array<std::string_view, 6> objections = {"foreign_load",     "stolen_time",
                                                        "thermal_throttle", "power_brake",
                                                        "clock_drift",      "foreign_process"};

constexpr double most_clock_off = 0.02;  // Energy follows the clock more than linearly.

std::optional<double> difference(const std::optional<std::chrono::nanoseconds>& before,
                                 const std::optional<std::chrono::nanoseconds>& after) {
  if (!before || !after) return std::nullopt;
  return std::max(0.0, in_seconds(*after - *before));
}

std::optional<double> difference(const std::optional<double>& before,
                                 const std::optional<double>& after) {
  if (!before || !after) return std::nullopt;
  return *after - *before;
}

}  // namespace

Beside beside(const Circumstances& before, const Circumstances& after, double seconds,
              std::optional<double> waited_seconds) {
  return {
      .seconds = seconds,
      .waited_seconds = waited_seconds,
      .stalled_seconds = difference(before.stalled, after.stalled),
      .stolen_seconds = difference(before.stolen, after.stolen),
      .thermal_throttle_seconds = difference(before.thermal_throttle, after.thermal_throttle),
      .power_brake_seconds = difference(before.power_brake, after.power_brake),
      .power_cap_seconds = difference(before.power_cap, after.power_cap),
      .temperature_rise_k = difference(before.temperature_c, after.temperature_c),
      .foreign_processes = !before.foreign_processes.empty() || !after.foreign_processes.empty()};
}

Remarks remarks_on(const Beside& beside) {
  Remarks remarks;
  const auto above = [&](const std::optional<double>& value, double share) {
    return value && *value > share * beside.seconds;
  };
  const auto object = [&](bool objection, const char* flag) {
    if (objection) remarks.objections.emplace_back(flag);
  };
  // Pressure is the machine's; where the model's own waiting is known it says more.
  object(beside.waited_seconds ? above(beside.waited_seconds, most_waiting)
                               : above(beside.stalled_seconds, most_stalling),
         "foreign_load");
  object(above(beside.stolen_seconds, most_stolen), "stolen_time");
  object(above(beside.thermal_throttle_seconds, most_throttled), "thermal_throttle");
  object(above(beside.power_brake_seconds, most_throttled), "power_brake");
  object(beside.foreign_processes, "foreign_process");
  const bool capped = above(beside.power_cap_seconds, most_throttled);
  const bool heated =
      beside.temperature_rise_k && std::abs(*beside.temperature_rise_k) > same_temperature_k;
  object(!capped && !heated && beside.clock_ratio &&
             std::abs(*beside.clock_ratio - 1) > most_clock_off,
         "clock_drift");
  if (capped) remarks.notes.emplace_back("power_capped");
  if (heated) remarks.notes.emplace_back("temperature_drift");
  return remarks;
}

bool is_objection(std::string_view flag) noexcept {
  return std::ranges::find(objections, flag) != objections.end();
}

}  // namespace autotune
