#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "autotune/error.hpp"
#include "energy/meters.hpp"
#include "platform/nvml.hpp"

namespace autotune {
namespace {

using Meters = std::vector<std::unique_ptr<EnergyMeter>>;

void append(Meters& meters, Meters&& more) {
  meters.insert(meters.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
}

/// Joules of the host beside the GPU's: shown, never ranked with, and not missed where absent.
void append_host(Meters& meters, const MeterOptions& options) {
  if (options.device_is_gpu) append(meters, open_rapl(powercap_root(), clock_of(options)).meters);
}

/// @param otherwise the meter to name where the remedy does not help
Error meter_error(const char* named, const OpenedMeters& opened, const char* otherwise) {
  const std::string remedy = opened.remedy.empty() ? "" : opened.remedy + " ";
  return Error(ErrorCode::meter, fmt::format("--meter {}: {}. {}Else use --meter {}.", named,
                                             opened.problem, remedy, otherwise));
}

void check_that_nvml_sees(const MeterOptions& options) {
  if (nvml_serves(options)) return;
  throw Error(ErrorCode::meter,
              "--meter nvml reads the energy of a GPU, but what is tuned runs on the CPU. Use "
              "--meter rapl, or --meter modelled where there are no counters.");
}

Meters named_nvml(const MeterOptions& options, std::vector<std::string>& warnings) {
  check_that_nvml_sees(options);
  OpenedMeters opened = open_nvml(options);
  if (opened.meters.empty()) throw meter_error("nvml", opened, "auto");
  for (auto& reason : opened.skipped) warnings.push_back(std::move(reason));
  append_host(opened.meters, options);
  return std::move(opened.meters);
}

/// RAPL, unless its self-test failed.
OpenedMeters trusted_rapl(const MeterOptions& options) {
  if (std::ranges::find(options.distrusted, EnergySource::rapl) != options.distrusted.end()) {
    return {{}, "the RAPL counters failed their self-test", remedy_for_distrusted, {}};
  }
  return open_rapl(powercap_root(), clock_of(options));
}

Meters named_rapl(const MeterOptions& options, std::vector<std::string>& warnings) {
  OpenedMeters opened = trusted_rapl(options);
  if (opened.meters.empty()) throw meter_error("rapl", opened, "modelled");
  if (options.device_is_gpu) {
    warnings.emplace_back("--meter rapl reads the CPU packages; the GPU's own energy is not in it");
  }
  return std::move(opened.meters);
}

Meters only_modelled(const MeterOptions& options) {
  Meters meters;
  meters.push_back(open_modelled(options));
  return meters;
}

/// The counters of the device itself; empty with the reasons in `warnings`.
Meters counters_of_device(const MeterOptions& options, std::vector<std::string>& warnings) {
  OpenedMeters opened = options.device_is_gpu ? open_nvml(options) : trusted_rapl(options);
  for (auto& reason : opened.skipped) warnings.push_back(std::move(reason));
  if (opened.meters.empty()) warnings.push_back(opened.problem);
  return std::move(opened.meters);
}

Meters first_that_works(const MeterOptions& options, std::vector<std::string>& warnings) {
  Meters meters = counters_of_device(options, warnings);
  if (meters.empty()) {
    meters = only_modelled(options);
    warnings.push_back(
        fmt::format("no energy counter: energy is modelled, {}", meters.front()->info().note));
  }
  append_host(meters, options);
  return meters;
}

}  // namespace

bool nvml_serves(const MeterOptions& options) {
  return options.device_is_gpu || nvml::named_library().has_value();
}

Clock& clock_of(const MeterOptions& options) {
  static SteadyClock steady;
  return options.clock != nullptr ? *options.clock : steady;
}

std::optional<double> first_positive(Clock& clock,
                                     const std::function<std::optional<double>()>& read) {
  using std::chrono::milliseconds;
  // Longer than the longest tick known of, 500 ms.
  for (milliseconds waited{0}; waited <= milliseconds(600); waited += milliseconds(20)) {
    const auto value = read();
    if (value && *value > 0) return value;
    clock.sleep_for(milliseconds(20));
  }
  return std::nullopt;
}

std::optional<Reading> timed(Clock& clock, const std::function<std::optional<double>()>& read) {
  const Timestamp before = clock.now();
  const auto value = read();
  const Timestamp after = clock.now();
  if (!value) return std::nullopt;
  return Reading{before + (after - before) / 2, *value};
}

Meters open_meters(const MeterOptions& options, std::vector<std::string>& warnings) {
  switch (options.choice) {
    case MeterChoice::nvml:
      return named_nvml(options, warnings);
    case MeterChoice::rapl:
      return named_rapl(options, warnings);
    case MeterChoice::modelled:
      return only_modelled(options);
    case MeterChoice::any:
      break;
  }
  return first_that_works(options, warnings);
}

}  // namespace autotune
