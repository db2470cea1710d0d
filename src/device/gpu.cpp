#include <fmt/format.h>

#include "device/inventory.hpp"
#include "platform/nvml.hpp"

namespace autotune {
namespace {

using nvml::Answer;
using nvml::Handle;
using nvml::Library;

/// CUDA cores of one multiprocessor by compute capability (CUDA C programming guide, arithmetic
/// throughput of FP32); 0 if not known here. Only MIG devices tell their multiprocessors to NVML.
unsigned cores_per_multiprocessor(int capability) {
  switch (capability) {
    case 60:
    case 70:
    case 72:
    case 75:
    case 80:
      return 64;
    case 61:
    case 62:
    case 86:
    case 87:
    case 89:
    case 90:
    case 100:
    case 103:
    case 110:
    case 120:
    case 121:
      return 128;
    default:
      return 0;
  }
}

unsigned multiprocessor_count(const Library& library, Handle device) {
  if (const auto told = library.multiprocessors(device); told && told.value > 0) return told.value;
  const auto cores = library.cuda_cores(device);
  const auto capability = library.compute_capability(device);
  const unsigned each = capability ? cores_per_multiprocessor(capability.value) : 0;
  return cores && each > 0 ? cores.value / each : 0;
}

/// `1g.10gb` from `NVIDIA H100 80GB HBM3 MIG 1g.10gb`.
std::string mig_profile(const std::string& name) {
  const auto at = name.rfind("MIG ");
  return at == std::string::npos ? "unknown" : name.substr(at + 4);
}

/// Keys hold only what NVML told: a field without an answer is absent, not empty.
template <typename T>
void put(std::map<std::string, std::string>& fields, const char* key, const Answer<T>& answer) {
  if (answer) fields[key] = fmt::format("{}", answer.value);
}

void put_pci(Device& gpu, const nvml::PciInfo& pci) {
  gpu.pci_address = nvml::pci_address(pci);
  const auto ids = [](unsigned device_and_vendor) {
    return fmt::format("{:04x}:{:04x}", device_and_vendor & 0xffff, device_and_vendor >> 16);
  };
  gpu.key.identity["pci_device"] = ids(pci.device_and_vendor);
  gpu.key.identity["pci_subsystem"] = ids(pci.subsystem);
}

void put_capability(Device& gpu, const Answer<int>& capability) {
  if (!capability) return;
  gpu.features.push_back(fmt::format("sm_{}", capability.value));
  gpu.key.identity["compute_capability"] =
      fmt::format("{}.{}", capability.value / 10, capability.value % 10);
}

/// What a program gets: the whole GPU, or the first instance where MIG divides it.
void put_size(Device& gpu, const Library& library, Handle compute) {
  const auto memory = library.memory_bytes(compute);
  gpu.memory_bytes = memory ? memory.value : 0;
  gpu.cores = static_cast<int>(multiprocessor_count(library, compute));
  // In GiB, rounded: drivers differ by some hundred MiB in what they count as memory.
  if (memory) {
    gpu.key.identity["memory_gib"] = std::to_string((memory.value + (1ull << 29)) >> 30);
    gpu.key.record["memory_mib"] = std::to_string(memory.value >> 20);
  }
  if (gpu.cores > 0) gpu.key.identity["sm_count"] = std::to_string(gpu.cores);
}

void put_limits(Device& gpu, const Library& library, Handle device) {
  if (const auto limit = library.power_limit_milliwatts(device)) {
    gpu.key.identity["power_limit_w"] = fmt::format("{:g}", limit.value / 1000.0);
  }
  if (const auto ecc = library.ecc(device)) gpu.key.identity["ecc"] = ecc.value ? "on" : "off";
}

void put_versions(Device& gpu, const Library& library, Handle device) {
  put(gpu.key.conditions, "driver", library.driver_version());
  put(gpu.key.conditions, "cuda_driver", library.cuda_version());
  put(gpu.key.conditions, "vbios", library.vbios(device));
  put(gpu.key.record, "uuid", library.uuid(device));
  put(gpu.key.record, "max_sm_clock_mhz", library.max_sm_clock_mhz(device));
}

Device describe(const Library& library, Handle device) {
  Device gpu;
  gpu.kind = DeviceKind::cuda;
  gpu.name = library.name(device).value;
  gpu.key.identity = {{"kind", "cuda"}, {"name", gpu.name}};
  if (const auto pci = library.pci(device)) put_pci(gpu, pci.value);
  put_capability(gpu, library.compute_capability(device));
  Handle compute = device;
  if (const auto mig = library.mig(device)) {
    const auto instance = mig.value ? library.mig_device(device, 0) : Answer<Handle>{};
    if (instance) compute = instance.value;
    gpu.key.identity["mig_profile"] = instance    ? mig_profile(library.name(compute).value)
                                      : mig.value ? "no instance"
                                                  : "none";
  }
  put_size(gpu, library, compute);
  put_limits(gpu, library, device);
  put_versions(gpu, library, device);
  return gpu;
}

}  // namespace

GpuInventory list_gpus() {
  const auto [library, problem, remedy] = nvml::open();
  if (!library) return {{}, problem};
  const auto count = library->device_count();
  if (!count) return {{}, "NVML lists no GPUs: " + nvml::to_string(count.code)};
  GpuInventory inventory;
  for (unsigned index = 0; index < count.value; ++index) {
    const auto device = library->device(index);
    if (device) {
      inventory.devices.push_back(describe(*library, device.value));
    } else {
      inventory.problem = fmt::format("GPU {}: {}", index, nvml::to_string(device.code));
    }
  }
  const auto visible = cuda_visible_devices();
  const bool any = !inventory.devices.empty();
  inventory.devices = visible_devices(std::move(inventory.devices), visible);
  if (any && inventory.devices.empty()) {
    inventory.problem = fmt::format("CUDA_VISIBLE_DEVICES='{}' hides all of them", *visible);
  } else if (!any && inventory.problem.empty()) {
    inventory.problem = "NVML finds none";
  }
  return inventory;
}

std::vector<Device> nvidia_devices() {
  std::vector<Device> gpus = list_gpus().devices;
  for (auto& gpu : gpus) add_host(gpu);
  return gpus;
}

}  // namespace autotune
