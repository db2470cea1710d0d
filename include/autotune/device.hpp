#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace autotune {

enum class DeviceKind { cpu, cuda };

[[nodiscard]] std::string_view to_string(DeviceKind kind) noexcept;

/// What a profile is keyed to, in three parts (names and values are those in the JSON).
struct HardwareKey {
  std::map<std::string, std::string> identity;    ///< Must match.
  std::map<std::string, std::string> conditions;  ///< Compared, and a difference explained.
  std::map<std::string, std::string> record;      ///< Kept for people, never compared.

  friend bool operator==(const HardwareKey&, const HardwareKey&) = default;
};

/// One device a model can run on.
struct Device {
  DeviceKind kind = DeviceKind::cpu;
  std::string name;  ///< E.g. `AMD EPYC`, `NVIDIA H100 80GB HBM3`.
  std::string id;    ///< As `--device` takes it: `cpu`, `cuda:0`.
  int cores = 0;     ///< CPU: cores this process may use; GPU: multiprocessors.
  std::uint64_t memory_bytes = 0;
  std::vector<std::string> features;  ///< CPU: ISA flags that matter to arithmetic; GPU: `sm_90`.
  std::string pci_address;            ///< GPU only, `0000:19:00.0`.
  HardwareKey key;
};

/// The CPU as this process may use it: affinity and cgroup limits are taken off.
[[nodiscard]] Device cpu_device();

/// NVIDIA GPUs as NVML lists them, less those CUDA_VISIBLE_DEVICES hides; empty without the library
/// or a GPU, which is no error.
[[nodiscard]] std::vector<Device> nvidia_devices();

/// NVIDIA GPUs from files of the driver alone: no NVML, no CUDA. Fields these cannot tell are
/// absent from the key.
[[nodiscard]] std::vector<Device> nvidia_devices_from_driver_files();

/// The CPU first, then the GPUs.
[[nodiscard]] std::vector<Device> devices();

/// `auto` is the first GPU, else the CPU; otherwise `cpu`, `cuda` or `cuda:N`. GPUs that only a
/// library named by AUTOTUNE_NVML_LIBRARY lists are `auto` where a driver is loaded.
/// @throws Error (usage) for other words, (device) if there is no such device
[[nodiscard]] Device find_device(const std::string& id);

/// `find_device` for start-up: GPUs come from the driver's files, so that its key may lack fields.
[[nodiscard]] Device find_device_without_nvml(const std::string& id);

}  // namespace autotune
