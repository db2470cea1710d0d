#pragma once
#include <functional>
#include <span>
#include <vector>

#include "autotune/energy.hpp"

namespace autotune {

/// What a meter showed for a while, and how long each call took.
struct MeterTrace {
  std::vector<Reading> readings;
  std::vector<double> call_microseconds;
};

/// A meter and how often to read it.
struct Polled {
  EnergyMeter* meter = nullptr;
  std::chrono::nanoseconds period{std::chrono::milliseconds(1)};
};

/// Reads each meter for `seconds`, in one thread.
/// @param between called about every millisecond, e.g. to switch a load
[[nodiscard]] std::vector<MeterTrace> record(
    std::span<const Polled> meters, Clock& clock, double seconds,
    const std::function<void(Timestamp now)>& between = {});

/// The readings at which a counter showed a new value; the first reading is none.
[[nodiscard]] std::vector<Reading> changes(std::span<const Reading> readings);

/// Milliseconds between one change and the next.
[[nodiscard]] std::vector<double> change_periods_ms(std::span<const Reading> readings);

/// The longest time without a change, the ends of the trace included; infinite for an empty one.
[[nodiscard]] double longest_silence_seconds(std::span<const Reading> readings);

/// Of a counter from its first to its last change, so over whole ticks; of watts by the trapezoidal
/// rule. Nothing if a counter fell or changed less than twice.
[[nodiscard]] std::optional<double> mean_watts(std::span<const Reading> readings, ReadingKind kind);

/// (max − min) / mean.
[[nodiscard]] double relative_spread(std::span<const double> values);

}  // namespace autotune
