#include <fmt/format.h>

#include <map>
#include <utility>

#include "energy/meters.hpp"
#include "platform/nvml.hpp"

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
  NvmlMeter(std::shared_ptr<const nvml::Library> library, nvml::Handle device, Quantity quantity,
            MeterInfo info)
      : library_(std::move(library)),
        device_(device),
        quantity_(quantity),
        info_(std::move(info)) {}

  [[nodiscard]] const MeterInfo& info() const override { return info_; }
  [[nodiscard]] std::optional<Reading> read() override {
    return timed([this] { return read_quantity(quantity_, *library_, device_); });
  }

 private:
  std::shared_ptr<const nvml::Library> library_;
  nvml::Handle device_;
  Quantity quantity_;
  MeterInfo info_;
};

/// A GPU found, or why not.
struct Gpu {
  nvml::Handle handle = nullptr;
  std::string name;
  std::string problem;
};

Gpu gpu_by_index(const nvml::Library& library, unsigned index) {
  const auto count = library.device_count();
  if (!count) return {nullptr, "", "NVML lists no GPUs: " + nvml::to_string(count.code)};
  if (index >= count.value) {
    return {nullptr, "", fmt::format("NVML has no GPU {}: it lists {}", index, count.value)};
  }
  const auto device = library.device(index);
  if (!device) {
    return {nullptr, "", fmt::format("NVML's GPU {}: {}", index, nvml::to_string(device.code))};
  }
  return {device.value, library.name(device.value).value, ""};
}

/// The GPU by NVML's index if the user gave one, else the one that is tuned.
Gpu chosen_gpu(const nvml::Library& library, const MeterOptions& options) {
  if (options.nvml_index || options.pci_address.empty()) {
    return gpu_by_index(library, static_cast<unsigned>(options.nvml_index.value_or(0)));
  }
  const auto device = nvml::device_at(library, options.pci_address);
  if (device) return {device.value, library.name(device.value).value, ""};
  return {nullptr, "", fmt::format("NVML has no GPU at {}", options.pci_address)};
}

/// Superchips count CPU and GPU together in the call that has no scope.
bool counts_the_module(const std::string& name) {
  return name.find("GH200") != std::string::npos || name.find("GB200") != std::string::npos ||
         name.find("GB300") != std::string::npos;
}

EnergyScope scope_of(const Quantity& quantity, const Gpu& gpu, bool mig) {
  if (mig) return EnergyScope::whole_gpu;
  return quantity.read == read_total && counts_the_module(gpu.name) ? EnergyScope::module
                                                                    : quantity.scope;
}

MeterInfo info_of(const Quantity& quantity, const Gpu& gpu, bool mig) {
  const bool average = quantity.source == EnergySource::nvml_power_average;
  MeterInfo info;
  info.source = quantity.source;
  info.scope = scope_of(quantity, gpu, mig);
  info.kind = quantity.kind;
  info.claimable = !mig && !average && !nvml::named_library();
  info.note = gpu.name;
  if (mig) info.note += "; MIG: the counter is that of the whole GPU";
  if (average) info.note += "; average over about 1 s: short windows lag behind";
  if (nvml::named_library()) info.note += "; read through AUTOTUNE_NVML_LIBRARY";
  // Power that is polled faster than every 50 ms has been seen to fail (docs/measuring.md#meters).
  info.poll_period = quantity.kind == joules ? milliseconds(20) : milliseconds(50);
  return info;
}

std::string refusal_text(const Quantity& quantity, const Gpu& gpu, nvml::Return code) {
  return fmt::format("{} of {} cannot be read: {}", to_string(quantity.source), gpu.name,
                     code == nvml::Return::success ? "it stands at 0" : nvml::to_string(code));
}

/// Why each better source was passed over; a second way to the same source is no loss.
using Refusals = std::map<EnergySource, std::string>;

std::vector<std::string> reasons_except(Refusals refusals, EnergySource chosen) {
  refusals.erase(chosen);
  std::vector<std::string> reasons;
  for (auto& [source, reason] : refusals) reasons.push_back(std::move(reason));
  return reasons;
}

OpenedMeters best_quantity(const std::shared_ptr<const nvml::Library>& library, const Gpu& gpu) {
  Refusals refusals;
  const bool mig = library->mig(gpu.handle).value;
  for (const Quantity& quantity : quantities) {
    // Only an answer of zero is worth waiting for; a refusal is final.
    const auto answer = quantity.read(*library, gpu.handle);
    if (answer && first_positive([&] { return read_quantity(quantity, *library, gpu.handle); })) {
      OpenedMeters opened;
      opened.meters.push_back(
          std::make_unique<NvmlMeter>(library, gpu.handle, quantity, info_of(quantity, gpu, mig)));
      opened.skipped = reasons_except(refusals, quantity.source);
      return opened;
    }
    refusals.emplace(quantity.source, refusal_text(quantity, gpu, answer.code));
  }
  return {{}, refusals.begin()->second + "; its power neither", {}};
}

}  // namespace

OpenedMeters open_nvml(const MeterOptions& options) {
  const auto [library, problem] = nvml::open();
  if (!library) return {{}, problem, {}};
  const Gpu gpu = chosen_gpu(*library, options);
  if (gpu.handle == nullptr) return {{}, gpu.problem, {}};
  return best_quantity(library, gpu);
}

}  // namespace autotune
