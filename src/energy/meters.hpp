#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "autotune/energy.hpp"

namespace autotune {

/// What opening a kind of meter gave: meters, the ranking one first, or the reason there are none.
struct OpenedMeters {
  std::vector<std::unique_ptr<EnergyMeter>> meters;
  std::string problem;               ///< Why there are none.
  std::vector<std::string> skipped;  ///< Better sources of the same device that cannot be read.
};

/// The best meter NVML has for the GPU that `options` name: counter, instant, average power.
[[nodiscard]] OpenedMeters open_nvml(const MeterOptions& options);

/// Instant power of the GPU that `options` name, whatever better source it has; null without it.
[[nodiscard]] std::unique_ptr<EnergyMeter> open_nvml_power(const MeterOptions& options);

/// `/sys/class/powercap`, or AUTOTUNE_POWERCAP_ROOT.
[[nodiscard]] std::filesystem::path powercap_root();

/// CPU packages as one meter, their memory as a second one.
[[nodiscard]] OpenedMeters open_rapl(const std::filesystem::path& root, Clock& clock);

/// A constant wattage.
/// @throws Error (usage) if the wattage given is not positive and finite
[[nodiscard]] std::unique_ptr<EnergyMeter> open_modelled(const MeterOptions& options);

/// The clock that `options` give, else the machine's.
[[nodiscard]] Clock& clock_of(const MeterOptions& options);

/// The first value that is neither missing nor zero: a counter at rest since the driver was loaded
/// may still be about to tick. Ticks are 1 to 500 ms apart (docs/measuring.md#meters).
[[nodiscard]] std::optional<double> first_positive(
    Clock& clock, const std::function<std::optional<double>()>& read);

/// `read`'s value at the middle of its call.
[[nodiscard]] std::optional<Reading> timed(Clock& clock,
                                           const std::function<std::optional<double>()>& read);

}  // namespace autotune
