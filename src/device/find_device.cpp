#include <fmt/format.h>
#include <sys/utsname.h>

#include <charconv>

#include "autotune/error.hpp"
#include "device/inventory.hpp"
#include "platform/nvml.hpp"

namespace autotune {
namespace {

/// The N of `cuda:N`, 0 for `cuda`; nothing for other words.
std::optional<std::size_t> gpu_number(const std::string& id) {
  if (id == "cuda") return 0;
  if (id.rfind("cuda:", 0) != 0) return std::nullopt;
  std::size_t number = 0;
  const char* end = id.data() + id.size();
  const auto [stop, error] = std::from_chars(id.data() + 5, end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::string list_of(const Device& cpu, const GpuInventory& gpus) {
  std::string list = fmt::format("cpu ({})", cpu.name);
  for (const auto& gpu : gpus.devices) list += fmt::format(", {} ({})", gpu.id, gpu.name);
  return list;
}

[[noreturn]] void throw_no_such_gpu(const std::string& id, const Device& cpu,
                                    const GpuInventory& gpus) {
  if (gpus.devices.empty()) {
    throw Error(ErrorCode::device,
                fmt::format("there is no NVIDIA GPU for device '{}': {}. There is: {}.", id,
                            gpus.problem, list_of(cpu, gpus)));
  }
  throw Error(ErrorCode::device,
              fmt::format("there is no device '{}'. There are: {}.", id, list_of(cpu, gpus)));
}

/// The Windows Subsystem for Linux has /dev/dxg in place of the driver's own files.
bool gpu_driver_is_loaded() {
  std::error_code error;
  return std::filesystem::exists("/proc/driver/nvidia/version", error) ||
         std::filesystem::exists("/dev/nvidiactl", error) ||
         std::filesystem::exists("/dev/dxg", error);
}

}  // namespace

void add_host(Device& device) {
  utsname host{};
  if (uname(&host) == 0) {
    device.key.record["host"] = host.nodename;
    device.key.record["kernel"] = host.release;
  }
  device.key.conditions["autotune"] = AUTOTUNE_VERSION;
}

Device choose_device(const std::string& id, const Device& cpu, const GpuInventory& gpus,
                     bool driver_is_loaded) {
  if (id == "cpu") return cpu;
  if (id == "auto") {
    return gpus.devices.empty() || !driver_is_loaded ? cpu : gpus.devices.front();
  }
  const auto number = gpu_number(id);
  if (!number) {
    throw Error(ErrorCode::usage,
                fmt::format("unknown device '{}'. Known: auto, cpu, cuda, cuda:N.", id));
  }
  if (*number >= gpus.devices.size()) throw_no_such_gpu(id, cpu, gpus);
  return gpus.devices[*number];
}

std::vector<Device> devices() {
  std::vector<Device> all = nvidia_devices();
  all.insert(all.begin(), cpu_device());
  return all;
}

Device find_device(const std::string& id) {
  // Words are checked before hardware is asked, and the CPU alone needs no NVML.
  const bool needs_gpus = id != "cpu" && (id == "auto" || gpu_number(id));
  const GpuInventory gpus = needs_gpus ? list_gpus() : GpuInventory{};
  Device device =
      choose_device(id, cpu_device(), gpus, !nvml::named_library() || gpu_driver_is_loaded());
  add_host(device);
  return device;
}

Device find_device_without_nvml(const std::string& id) {
  const GpuInventory gpus{nvidia_devices_from_driver_files(), "the driver's files name none"};
  Device device = choose_device(id, cpu_device(), gpus, true);
  add_host(device);
  return device;
}

}  // namespace autotune
