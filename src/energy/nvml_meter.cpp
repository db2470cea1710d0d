#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "energy/leap_guard.hpp"
#include "energy/meters.hpp"
#include "energy/nvml_gpu.hpp"

namespace autotune {
namespace {

using std::chrono::milliseconds;

/// One way to read a GPU's energy, in thousandths of joules or watts.
struct Quantity {
  EnergySource source;
  EnergyScope scope;
  ReadingKind kind;
  nvml::Answer<double> (*read)(const nvml::Library&, nvml::Handle);
};

template <unsigned field, unsigned scope>
nvml::Answer<double> read_field(const nvml::Library& library, nvml::Handle device) {
  return library.field(device, field, scope);
}

nvml::Answer<double> read_total(const nvml::Library& library, nvml::Handle device) {
  return library.total_millijoules(device);
}

nvml::Answer<double> read_usage(const nvml::Library& library, nvml::Handle device) {
  return library.power_milliwatts(device);
}

constexpr auto joules = ReadingKind::cumulative_joules;
constexpr auto watts = ReadingKind::watts;

// Best first. What the call `power usage` averages over depends on architecture and driver, so it
// counts as an average.
constexpr Quantity quantities[] = {
    {EnergySource::nvml_counter, EnergyScope::gpu, joules,
     read_field<nvml::field_energy, nvml::scope_gpu>},
    {EnergySource::nvml_counter, EnergyScope::gpu, joules, read_total},
    {EnergySource::nvml_power_instant, EnergyScope::gpu, watts,
     read_field<nvml::field_power_instant, nvml::scope_gpu>},
    {EnergySource::nvml_power_average, EnergyScope::gpu, watts,
     read_field<nvml::field_power_average, nvml::scope_gpu>},
    {EnergySource::nvml_power_average, EnergyScope::gpu, watts, read_usage},
    {EnergySource::nvml_counter, EnergyScope::module, joules,
     read_field<nvml::field_energy, nvml::scope_module>},
    {EnergySource::nvml_power_instant, EnergyScope::module, watts,
     read_field<nvml::field_power_instant, nvml::scope_module>},
};

/// A positive reading; a GPU never draws 0 W, so that is a failed reading as well.
std::optional<double> read_quantity(const Quantity& quantity, const nvml::Library& library,
                                    nvml::Handle device) {
  const auto answer = quantity.read(library, device);
  if (!answer || !(answer.value > 0)) return std::nullopt;
  return answer.value / 1000;
}

class NvmlMeter final : public EnergyMeter {
 public:
  NvmlMeter(const NvmlGpu& gpu, Quantity quantity, MeterInfo info, double most_watts, Clock& clock)
      : library_(gpu.library),
        device_(gpu.handle),
        quantity_(quantity),
        info_(std::move(info)),
        most_watts_(most_watts),
        guard_(most_watts),
        clock_(clock) {}

  [[nodiscard]] const MeterInfo& info() const override { return info_; }
  [[nodiscard]] std::optional<Reading> read() override {
    auto reading = timed(clock_, [this] { return read_quantity(quantity_, *library_, device_); });
    if (!reading) return std::nullopt;
    if (info_.kind == ReadingKind::cumulative_joules) return guard_.checked(*reading);
    return reading->value <= most_watts_ ? reading : std::nullopt;
  }

 private:
  std::shared_ptr<const nvml::Library> library_;
  nvml::Handle device_;
  Quantity quantity_;
  MeterInfo info_;
  double most_watts_;
  LeapGuard guard_;
  Clock& clock_;
};

/// Superchips count CPU and GPU together in the call that has no scope.
bool counts_the_module(const std::string& name) {
  return name.find("GH200") != std::string::npos || name.find("GB200") != std::string::npos ||
         name.find("GB300") != std::string::npos;
}

/// Why the GPU's counter is not that of the tuned device alone, and what would make it so; empty
/// where it is.
struct Sharing {
  std::string note;
  std::string remedy;
};

Sharing sharing_of(const NvmlGpu& gpu) {
  if (gpu.library->mig(gpu.handle).value) {
    return {
        "MIG: the counter is that of the whole GPU",
        "To claim what is measured take the whole GPU: sudo nvidia-smi -mig 0 ends its division "
        "once nobody uses it."};
  }
  const auto mode = gpu.library->virtualisation(gpu.handle);
  if (mode &&
      (mode.value == nvml::Virtualisation::vgpu || mode.value == nvml::Virtualisation::host_vgpu)) {
    return {"virtual GPU: the counter is that of the whole GPU, if of any",
            "To claim what is measured have the GPU passed through whole."};
  }
  return {};
}

EnergyScope scope_of(const Quantity& quantity, const NvmlGpu& gpu, bool shared) {
  if (shared) return EnergyScope::whole_gpu;
  return quantity.read == read_total && counts_the_module(gpu.name) ? EnergyScope::module
                                                                    : quantity.scope;
}

/// The limit is the GPU's: nobody tells that of a module.
std::optional<double> power_limit(const Quantity& quantity, const NvmlGpu& gpu) {
  const auto limit = gpu.library->power_limit_milliwatts(gpu.handle);
  const bool known = quantity.scope == EnergyScope::gpu && !counts_the_module(gpu.name) && limit;
  if (!known || !(limit.value > 0)) return std::nullopt;
  return limit.value / 1000.0;
}

MeterInfo info_of(const Quantity& quantity, const NvmlGpu& gpu) {
  const bool average = quantity.source == EnergySource::nvml_power_average;
  const std::string shared = sharing_of(gpu).note;
  MeterInfo info;
  info.source = quantity.source;
  info.scope = scope_of(quantity, gpu, !shared.empty());
  info.kind = quantity.kind;
  info.claimable = shared.empty() && !average && !nvml::named_library();
  info.note = gpu.name;
  if (!shared.empty()) info.note += "; " + shared;
  if (average) info.note += "; average over about 1 s: short windows lag behind";
  if (nvml::named_library()) info.note += "; read through AUTOTUNE_NVML_LIBRARY";
  // Power that is polled faster than every 50 ms has been seen to fail (docs/measuring.md#meters).
  info.poll_period = quantity.kind == joules ? milliseconds(5) : milliseconds(50);
  info.most_watts = power_limit(quantity, gpu);
  return info;
}

/// More than the device can draw. Twice the limit, since sensors see it exceeded for some ms; no
/// module is rated above 2.7 kW (GB200).
double impossible_watts(const std::optional<double>& limit) { return limit ? 2 * *limit : 10'000; }

std::unique_ptr<EnergyMeter> make_meter(const Quantity& quantity, const NvmlGpu& gpu,
                                        Clock& clock) {
  const MeterInfo info = info_of(quantity, gpu);
  return std::make_unique<NvmlMeter>(gpu, quantity, info, impossible_watts(info.most_watts), clock);
}

std::string remedy_for_refusal(const Quantity& quantity, nvml::Return code) {
  using nvml::Return;
  if (code == Return::success) {
    return "Put the GPU to work and try again: a virtual machine may not pass the reading on.";
  }
  const bool lacking = code == Return::not_supported || code == Return::function_not_found ||
                       code == Return::invalid_argument;
  if (!lacking) return nvml::remedy_for(code);
  if (quantity.scope == EnergyScope::module) return "";
  if (quantity.kind == joules) {
    return "GPUs older than Volta, virtual GPUs and Jetson boards have no energy counter; others "
           "may need a newer driver.";
  }
  return "A newer driver may have it; virtual GPUs and Jetson boards do not.";
}

std::string problem_of(const Quantity& quantity, nvml::Return code) {
  const bool zero = code == nvml::Return::success;
  const bool module = quantity.scope == EnergyScope::module;
  return (zero ? "it stands at 0" : nvml::to_string(code)) +
         (module ? "; only superchips tell of their module" : "");
}

/// What the user can do so that a meter that works may be claimed.
std::string remedy_to_claim(const NvmlGpu& gpu) {
  std::string remedy = sharing_of(gpu).remedy;
  if (nvml::named_library()) {
    remedy += remedy.empty() ? "" : " ";
    remedy += "Unset AUTOTUNE_NVML_LIBRARY to read through the driver's own library.";
  }
  return remedy;
}

TriedMeter try_quantity(const Quantity& quantity, const NvmlGpu& gpu, Clock& clock) {
  const EnergySource source = quantity.source;
  if (!gpu) return {source, quantity.scope, nullptr, gpu.problem, gpu.remedy};
  const EnergyScope scope = info_of(quantity, gpu).scope;
  // Only an answer of zero is worth waiting for; a refusal is final.
  const auto answer = quantity.read(*gpu.library, gpu.handle);
  const auto read = [&] { return read_quantity(quantity, *gpu.library, gpu.handle); };
  if (answer && first_positive(clock, read)) {
    return {source, scope, make_meter(quantity, gpu, clock), "", remedy_to_claim(gpu)};
  }
  return {source, scope, nullptr, problem_of(quantity, answer.code),
          remedy_for_refusal(quantity, answer.code)};
}

std::string cannot_be_read(const TriedMeter& tried, const NvmlGpu& gpu) {
  return fmt::format("{} of {} cannot be read: {}", to_string(tried.source), gpu.name,
                     tried.problem);
}

struct Refusal {
  std::string reason;
  std::string remedy;
};

/// Why each better source was passed over; a second way to the same source is no loss.
using Refusals = std::map<EnergySource, Refusal>;

std::vector<std::string> reasons_except(const Refusals& refusals, EnergySource chosen) {
  std::vector<std::string> reasons;
  for (const auto& [source, refusal] : refusals) {
    if (source != chosen) reasons.push_back(refusal.reason);
  }
  return reasons;
}

bool distrusts(const MeterOptions& options, EnergySource source) {
  return std::ranges::find(options.distrusted, source) != options.distrusted.end();
}

OpenedMeters best_quantity(const NvmlGpu& gpu, const MeterOptions& options, Clock& clock) {
  Refusals refusals;
  for (const Quantity& quantity : quantities) {
    if (distrusts(options, quantity.source)) {
      refusals.emplace(quantity.source,
                       Refusal{fmt::format("{} failed its self-test", to_string(quantity.source)),
                               remedy_for_distrusted});
      continue;
    }
    TriedMeter tried = try_quantity(quantity, gpu, clock);
    if (tried.meter) {
      OpenedMeters opened;
      opened.meters.push_back(std::move(tried.meter));
      opened.skipped = reasons_except(refusals, quantity.source);
      return opened;
    }
    refusals.emplace(quantity.source, Refusal{cannot_be_read(tried, gpu), tried.remedy});
  }
  const auto& [reason, remedy] = refusals.begin()->second;
  return {{}, reason + "; its power neither", remedy, {}};
}

}  // namespace

OpenedMeters open_nvml(const MeterOptions& options) {
  const NvmlGpu gpu = find_nvml_gpu(options);
  if (!gpu) return {{}, gpu.problem, gpu.remedy, {}};
  return best_quantity(gpu, options, clock_of(options));
}

std::vector<TriedMeter> try_nvml(const MeterOptions& options) {
  const NvmlGpu gpu = find_nvml_gpu(options);
  std::vector<TriedMeter> all;
  for (const Quantity& quantity : quantities) {
    TriedMeter tried = try_quantity(quantity, gpu, clock_of(options));
    const auto known = std::ranges::find_if(all, [&](const TriedMeter& other) {
      return other.source == tried.source && other.scope == tried.scope;
    });
    if (known == all.end()) {
      all.push_back(std::move(tried));
    } else if (!known->meter && tried.meter) {
      *known = std::move(tried);
    }
  }
  return all;
}

std::unique_ptr<EnergyMeter> open_nvml_power(const MeterOptions& options) {
  const NvmlGpu gpu = find_nvml_gpu(options);
  if (!gpu) return nullptr;
  for (const Quantity& quantity : quantities) {
    if (quantity.source != EnergySource::nvml_power_instant) continue;
    if (!read_quantity(quantity, *gpu.library, gpu.handle)) continue;
    return make_meter(quantity, gpu, clock_of(options));
  }
  return nullptr;
}

}  // namespace autotune
