#pragma once
#include <optional>
#include <string>
#include <vector>

#include "autotune/energy.hpp"
#include "vocabulary/json.hpp"

namespace autotune {

/// What a meter was found to do on this device. What was not tried or not seen is absent.
struct MeterFacts {
  EnergySource source = EnergySource::none;
  EnergyScope scope = EnergyScope::gpu;
  bool claimable = false;  ///< As the meter itself says; see `failures`.
  std::string note;
  bool advances = false;                   ///< It gave readings, and a counter moved in time.
  int ticks = 0;                           ///< Changes that `update_period_ms` is the median of.
  std::optional<double> update_period_ms;  ///< Of a counter.
  std::optional<double> load_watts;
  std::optional<double> idle_watts;
  std::optional<double> instant_watts;  ///< Of the same load by instant power, integrated.
  std::optional<double> phase_spread;   ///< (max − min) / mean of a pulsed load over its phase.
  double call_p50_us = 0;
  double call_p99_us = 0;
  double seconds = 0;                 ///< The self-test took.
  std::vector<std::string> failures;  ///< Why the meter must not be believed; empty if it may.

  /// Whether the sensor sees only a part of each period; nothing if the phase was not tried.
  [[nodiscard]] std::optional<bool> duty_sampled() const;

  /// Counter over integrated instant power, less 1.
  [[nodiscard]] std::optional<double> disagreement() const;

  friend bool operator==(const MeterFacts&, const MeterFacts&) = default;
};

void to_json(Json& json, const MeterFacts& facts);
void from_json(const Json& json, MeterFacts& facts);

}  // namespace autotune
