#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "autotune/device.hpp"

namespace autotune {

/// The CPU by the files under `root`, which stands in for `/` in tests.
[[nodiscard]] Device cpu_device(const std::filesystem::path& root, int affinity_cores);

/// The GPUs by the driver's files under `root`.
[[nodiscard]] std::vector<Device> nvidia_devices_from_driver_files(
    const std::filesystem::path& root);

/// GPUs as NVML lists them, or why there are none.
struct GpuInventory {
  std::vector<Device> devices;
  std::string problem;  ///< Why `devices` is empty.
};
[[nodiscard]] GpuInventory list_gpus();

/// What CUDA will show of `gpus`, numbered as it numbers them; `visible` is the value of
/// CUDA_VISIBLE_DEVICES, if it is set: indices and UUIDs, up to the first that is not there. MIG
/// instances are no GPUs of this list: where they are named, all GPUs stay.
[[nodiscard]] std::vector<Device> visible_devices(std::vector<Device> gpus,
                                                  const std::optional<std::string>& visible);

/// CUDA_VISIBLE_DEVICES, if it is set.
[[nodiscard]] std::optional<std::string> cuda_visible_devices();

/// PCI ids of a GPU from sysfs, as NVML's fields give them: `10de:2330`.
void add_pci_ids(Device& device, const std::filesystem::path& root);

/// The device of that id. `auto` takes a GPU only if the machine has a driver for it: a library
/// named by AUTOTUNE_NVML_LIBRARY may list GPUs that are not here.
/// @throws Error as `find_device`
[[nodiscard]] Device choose_device(const std::string& id, const Device& cpu,
                                   const GpuInventory& gpus, bool gpu_driver_is_loaded);

/// Adds what every key has: host, kernel and this library's version.
void add_host(Device& device);

}  // namespace autotune
