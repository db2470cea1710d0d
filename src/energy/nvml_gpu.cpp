#include "energy/nvml_gpu.hpp"

#include <fmt/format.h>

namespace autotune {
namespace {

NvmlGpu missing(std::string problem, std::string remedy) {
  return {nullptr, nullptr, "", std::move(problem), std::move(remedy)};
}

constexpr const char* remedy_to_list =
    "nvidia-smi -L lists the GPUs there are; a container sees those that --gpus hands it.";

NvmlGpu by_index(std::shared_ptr<const nvml::Library> library, unsigned index) {
  const auto count = library->device_count();
  if (!count)
    return missing("NVML lists no GPUs: " + nvml::to_string(count.code),
                   nvml::remedy_for(count.code));
  if (index >= count.value) {
    return missing(fmt::format("NVML has no GPU {}: it lists {}", index, count.value),
                   remedy_to_list);
  }
  const auto device = library->device(index);
  if (!device) {
    return missing(fmt::format("NVML's GPU {}: {}", index, to_string(device.code)),
                   nvml::remedy_for(device.code));
  }
  std::string name = library->name(device.value).value;
  return {std::move(library), device.value, std::move(name), "", ""};
}

}  // namespace

NvmlGpu find_nvml_gpu(const MeterOptions& options) {
  const auto [library, problem, remedy] = nvml::open();
  if (!library) return missing(problem, remedy);
  if (options.nvml_index || options.pci_address.empty()) {
    return by_index(library, static_cast<unsigned>(options.nvml_index.value_or(0)));
  }
  const auto device = nvml::device_at(*library, options.pci_address);
  if (device) return {library, device.value, library->name(device.value).value, "", ""};
  return missing(fmt::format("NVML has no GPU at {}", options.pci_address), remedy_to_list);
}

}  // namespace autotune
