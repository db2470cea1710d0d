#include "torch/device_runtime.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <malloc.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <sstream>

#include "autotune/error.hpp"

namespace autotune {
namespace {

/// A function of the CUDA runtime that LibTorch has loaded; null if it has none.
template <typename Function>
Function* cuda_runtime(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

int device_attribute(int attribute, int device) {
  const auto get = cuda_runtime<int(int*, int, int)>("cudaDeviceGetAttribute");
  int value = 0;
  return get != nullptr && get(&value, attribute, device) == 0 ? value : 0;
}

/// Bytes of a `kB` line of /proc/self/status.
std::uint64_t status_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(field + ":", 0) == 0) {
      return std::stoull(line.substr(field.size() + 1)) * 1024;
    }
  }
  throw Error(ErrorCode::io,
              fmt::format("/proc/self/status has no line {}: is /proc mounted?", field));
}

constexpr auto all_pools = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);

c10::CachingDeviceAllocator::DeviceStats allocator_stats(c10::Device device) {
  return c10::getDeviceAllocator(device.type())->getDeviceStats(device.index());
}

// As the runtime counts: 13000 is 13.0.
std::string cuda_version(long number) {
  return fmt::format("{}.{}", number / 1000, number % 1000 / 10);
}

}  // namespace

c10::Device open_device(const std::string& name) {
  if (name == "cpu") {
    return c10::Device(c10::kCPU);
  }
  const int count = ::torch::cuda::device_count();
  for (int index = 0; index < count; ++index) {
    if (name == fmt::format("cuda:{}", index) || (name == "cuda" && index == 0)) {
      return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
    }
  }
  throw Error(ErrorCode::device,
              fmt::format("there is no device {}: LibTorch {} sees the CPU and {} "
                          "CUDA device(s). Choose with --device.",
                          name, TORCH_VERSION, count));
}

void synchronize(c10::Device device) {
  if (device.is_cuda()) {
    const c10::impl::VirtualGuardImpl runtime(device.type());
    runtime.synchronizeStream(runtime.getStream(device));
  }
}

std::function<std::function<void()>()> completion_marks(c10::Device device) {
  if (!device.is_cuda()) return [] { return [] {}; };
  return [device]() -> std::function<void()> {
    const c10::impl::VirtualGuardImpl runtime(device.type());
    auto event = std::make_shared<c10::Event>(device.type());
    event->record(runtime.getStream(device));
    return [event] { event->synchronize(); };
  };
}

void release_memory(c10::Device device) {
  if (device.is_cuda()) {
    c10::getDeviceAllocator(device.type())->emptyCache();
  } else {
    malloc_trim(0);
  }
}

void freshen_memory(c10::Device device) {
  synchronize(device);
  release_memory(device);
  if (device.is_cuda()) {
    c10::getDeviceAllocator(device.type())->resetPeakStats(device.index());
  } else {
    std::ofstream("/proc/self/clear_refs") << 5;  // proc(5): resets VmHWM
  }
}

std::uint64_t peak_memory_bytes(c10::Device device) {
  if (device.is_cuda()) {
    return static_cast<std::uint64_t>(allocator_stats(device).allocated_bytes[all_pools].peak);
  }
  return status_bytes("VmHWM");
}

std::uint64_t held_memory_bytes(c10::Device device) {
  if (device.is_cuda()) {
    return static_cast<std::uint64_t>(allocator_stats(device).reserved_bytes[all_pools].current);
  }
  return status_bytes("VmRSS");
}

std::uint64_t used_memory_bytes(c10::Device device) {
  if (device.is_cuda()) {
    return static_cast<std::uint64_t>(allocator_stats(device).allocated_bytes[all_pools].current);
  }
  return status_bytes("VmRSS");
}

std::uint64_t memory_past_allocator_bytes(c10::Device device) {
  if (!device.is_cuda()) return 0;
  const auto [free, total] = c10::getDeviceAllocator(device.type())->getMemoryInfo(device.index());
  const std::uint64_t taken = total - free, allocator = held_memory_bytes(device);
  return taken > allocator ? taken - allocator : 0;
}

int compute_capability(c10::Device device) {
  if (!device.is_cuda()) {
    return 0;
  }
  // cudaDevAttrComputeCapabilityMajor and Minor, fixed numbers of the runtime's ABI.
  return 10 * device_attribute(75, device.index()) + device_attribute(76, device.index());
}

std::string pci_address(c10::Device device) {
  const auto get = cuda_runtime<int(char*, int, int)>("cudaDeviceGetPCIBusId");
  std::array<char, 32> address{};
  if (!device.is_cuda() || get == nullptr ||
      get(address.data(), static_cast<int>(address.size()), device.index()) != 0) {
    return "";
  }
  std::string text = address.data();
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::map<std::string, std::string> runtime_conditions(c10::Device device) {
  std::map<std::string, std::string> conditions{{"libtorch", TORCH_VERSION}};
  if (device.is_cuda()) {
    const auto& cuda = at::detail::getCUDAHooks();
    conditions["cuda"] = cuda_version(cuda.versionCUDART());
    if (cuda.hasCuDNN()) {
      conditions["cudnn"] = std::to_string(cuda.versionRuntimeCuDNN());
    }
  } else {
    conditions["threads"] = std::to_string(at::get_num_threads());
    conditions["cpu_capability"] = at::get_cpu_capability();
  }
  return conditions;
}

}  // namespace autotune
