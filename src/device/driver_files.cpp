#include <algorithm>
#include <array>
#include <fstream>
#include <regex>

#include "device/inventory.hpp"
#include "platform/nvml.hpp"

namespace autotune {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// `580.65.06` out of `NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul …`.
std::string driver_version(const fs::path& root) {
  const std::string line = first_line(root / "proc/driver/nvidia/version");
  static const std::regex pattern(R"(\s([0-9]{3,}\.[0-9]+(\.[0-9]+)?)\s)");
  std::smatch match;
  return std::regex_search(line, match, pattern) ? match[1].str() : "";
}

/// The value after `key:` in a GPU's `information`.
std::string field_of(const fs::path& file, const std::string& key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind(key + ":", 0) != 0) continue;
    const auto first = line.find_first_not_of(" \t", key.size() + 1);
    return first == std::string::npos ? "" : line.substr(first);
  }
  return "";
}

/// Sets a field if the file told it; `?` is how the driver says that it does not know.
void put(std::map<std::string, std::string>& fields, const char* key, const std::string& value) {
  if (!value.empty() && value.find('?') == std::string::npos) fields[key] = value;
}

Device describe(const fs::path& folder, const fs::path& root) {
  const fs::path information = folder / "information";
  Device gpu;
  gpu.kind = DeviceKind::cuda;
  gpu.name = field_of(information, "Model");
  gpu.pci_address = nvml::normalised_pci_address(folder.filename().string());
  gpu.key.identity = {{"kind", "cuda"}};
  put(gpu.key.identity, "name", gpu.name);
  put(gpu.key.conditions, "driver", driver_version(root));
  put(gpu.key.conditions, "vbios", field_of(information, "Video BIOS"));
  put(gpu.key.record, "uuid", field_of(information, "GPU UUID"));
  add_pci_ids(gpu, root);
  return gpu;
}

}  // namespace

void add_pci_ids(Device& device, const fs::path& root) {
  const fs::path folder = root / "sys/bus/pci/devices" / device.pci_address;
  const auto id = [&](const char* vendor_file, const char* device_file) -> std::string {
    const std::string vendor = first_line(folder / vendor_file);  // 0x10de
    const std::string model = first_line(folder / device_file);
    if (vendor.size() != 6 || model.size() != 6) return "";
    return vendor.substr(2) + ":" + model.substr(2);
  };
  put(device.key.identity, "pci_device", id("vendor", "device"));
  put(device.key.identity, "pci_subsystem", id("subsystem_vendor", "subsystem_device"));
}

std::vector<Device> nvidia_devices_from_driver_files(const fs::path& root) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root / "proc/driver/nvidia/gpus", error)) {
    folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());  // by PCI address, as NVML lists them
  std::vector<Device> gpus;
  for (const auto& folder : folders) gpus.push_back(describe(folder, root));
  return visible_devices(std::move(gpus), cuda_visible_devices());
}

std::vector<Device> nvidia_devices_from_driver_files() {
  std::vector<Device> gpus = nvidia_devices_from_driver_files(fs::path("/"));
  for (auto& gpu : gpus) add_host(gpu);
  return gpus;
}

}  // namespace autotune
