#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autotune/clock.hpp"

namespace autotune {

/// Where joules come from.
enum class EnergySource {
  nvml_counter,
  nvml_power_instant,
  nvml_power_average,
  rapl,
  modelled,
  none
};

/// What the joules cover.
enum class EnergyScope { gpu, module, whole_gpu, cpu_package, dram };

[[nodiscard]] std::string_view to_string(EnergySource source) noexcept;
[[nodiscard]] std::optional<EnergySource> parse_energy_source(std::string_view text) noexcept;
[[nodiscard]] std::string_view to_string(EnergyScope scope) noexcept;
[[nodiscard]] std::optional<EnergyScope> parse_energy_scope(std::string_view text) noexcept;

/// What a `Reading` holds.
enum class ReadingKind { cumulative_joules, watts };

struct MeterInfo {
  EnergySource source = EnergySource::none;
  EnergyScope scope = EnergyScope::cpu_package;
  ReadingKind kind = ReadingKind::cumulative_joules;
  bool claimable = false;  ///< False for modelled energy and whatever a test or fake provides.
  std::string note;        ///< What a reader must know, e.g. the constant wattage of `modelled`.
  std::chrono::nanoseconds poll_period{std::chrono::milliseconds(20)};  ///< 0: the edges suffice.
  /// What it reads can draw for long: a power limit that holds. Absent where nobody tells one.
  std::optional<double> most_watts;

  friend bool operator==(const MeterInfo&, const MeterInfo&) = default;
};

struct Reading {
  Timestamp time{};
  double value = 0;  ///< Joules since an arbitrary start, never falling; or watts.

  friend bool operator==(const Reading&, const Reading&) = default;
};

/// Reads the energy of one device. Several threads may read different meters at once.
class EnergyMeter {
 public:
  virtual ~EnergyMeter() = default;
  [[nodiscard]] virtual const MeterInfo& info() const = 0;

  /// The reading of this moment; nothing if the device gave none. A missing reading is never zero.
  [[nodiscard]] virtual std::optional<Reading> read() = 0;
};

/// Joules between two moments: a counter is interpolated between its changes, watts are integrated
/// by the trapezoidal rule. Nothing if the readings do not reach over [begin, end], if a counter
/// fell or never moved, or if a value is negative or not finite.
[[nodiscard]] std::optional<double> joules_between(std::span<const Reading> readings,
                                                   ReadingKind kind, Timestamp begin,
                                                   Timestamp end);

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

/// Which meter the user wants; `any` is the first that works.
enum class MeterChoice { any, nvml, rapl, modelled };

struct MeterOptions {
  MeterChoice choice = MeterChoice::any;
  std::optional<int> nvml_index;  ///< With `nvml`: by NVML's own index; else by `pci_address`.
  bool device_is_gpu = false;     ///< What is tuned: decides which meters can see it.
  std::string pci_address;        ///< Of the GPU that is tuned; empty on a CPU.
  std::vector<EnergySource> distrusted;  ///< Failed their self-test: passed over.
  std::optional<double> modelled_watts;  ///< The constant of `modelled`; by default the device's.
  Clock* clock =
      nullptr;  ///< Stamps the readings; must outlive the meters. Default: the machine's.
};

/// The meters of a tune, the ranking one first. Under `any` the order is NVML counter, NVML power,
/// RAPL, modelled, each skipped with a warning where it cannot be read.
/// @throws Error (meter) if a meter named by the user does not give a reading
[[nodiscard]] std::vector<std::unique_ptr<EnergyMeter>> open_meters(
    const MeterOptions& options, std::vector<std::string>& warnings);

/// A way to read a device's energy, as it was found when it was tried.
struct SurveyedMeter {
  EnergySource source = EnergySource::none;
  EnergyScope scope = EnergyScope::gpu;
  bool usable = false;  ///< It gave a reading.
  bool claimable = false;
  std::string reason;  ///< Why it cannot be used, else what it reads.
  std::string remedy;  ///< What the user can do to use or to claim it; empty if nothing.

  friend bool operator==(const SurveyedMeter&, const SurveyedMeter&) = default;
};

/// Every source and scope that the device in `options` could have, each tried, the better ones of
/// it first; `choice` does not matter. A CPU has those of NVML only through a library that the
/// environment names.
[[nodiscard]] std::vector<SurveyedMeter> survey_meters(const MeterOptions& options);

}  // namespace autotune
