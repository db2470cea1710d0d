#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "autotune/energy.hpp"

namespace autotune {

/// One way to read a device's energy, tried: the meter, or why there is none.
struct TriedMeter {
  EnergySource source = EnergySource::none;
  EnergyScope scope = EnergyScope::gpu;
  std::unique_ptr<EnergyMeter> meter;
  std::string problem;  ///< Why there is none.
  std::string remedy;   ///< What the user can do to get it, or to claim what it reads.
};

/// What opening a kind of meter gave: meters, the ranking one first, or the reason there are none.
struct OpenedMeters {
  std::vector<std::unique_ptr<EnergyMeter>> meters;
  std::string problem;               ///< Why there are none.
  std::string remedy;                ///< What the user can do about that.
  std::vector<std::string> skipped;  ///< Better sources of the same device that cannot be read.
};

/// The best meter NVML has for the GPU that `options` name: counter, instant, average power.
[[nodiscard]] OpenedMeters open_nvml(const MeterOptions& options);

/// Every source and scope that NVML has for the GPU that `options` name, each tried.
[[nodiscard]] std::vector<TriedMeter> try_nvml(const MeterOptions& options);

/// Whether NVML is asked at all: of a CPU it knows nothing, but a library named by the environment
/// stands in for a meter of whatever is tuned.
[[nodiscard]] bool nvml_serves(const MeterOptions& options);

/// What the user can do about a meter that failed its self-test.
inline constexpr const char* remedy_for_distrusted =
    "autotune doctor with the model tells what the test found.";

/// Instant power of the GPU that `options` name, whatever better source it has; null without it.
[[nodiscard]] std::unique_ptr<EnergyMeter> open_nvml_power(const MeterOptions& options);

/// `/sys/class/powercap`, or AUTOTUNE_POWERCAP_ROOT.
[[nodiscard]] std::filesystem::path powercap_root();

/// CPU packages as one meter, their memory as a second one.
[[nodiscard]] OpenedMeters open_rapl(const std::filesystem::path& root, Clock& clock);

/// The same two, each tried.
[[nodiscard]] std::vector<TriedMeter> try_rapl(const std::filesystem::path& root, Clock& clock);

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
