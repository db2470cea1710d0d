#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <string_view>

#include "platform/nvml.hpp"

namespace autotune::nvml {
namespace {

std::string_view words_for(Return code) {
  switch (code) {
    case Return::success:
      return "success";
    case Return::uninitialized:
      return "not initialised";
    case Return::invalid_argument:
      return "invalid argument";
    case Return::not_supported:
      return "not supported";
    case Return::no_permission:
      return "no permission";
    case Return::not_found:
      return "not found";
    case Return::insufficient_size:
      return "more than there is room for";
    case Return::driver_not_loaded:
      return "the NVIDIA driver is not loaded";
    case Return::timeout:
      return "timed out";
    case Return::function_not_found:
      return "the driver's NVML lacks this call";
    case Return::gpu_is_lost:
      return "the GPU has fallen off the bus";
    case Return::reset_required:
      return "the GPU needs a reset";
    case Return::operating_system:
      return "the operating system or a container blocks the device";
    case Return::version_mismatch:
      return "driver and library differ in version; reboot or install one version";
    case Return::memory:
      return "out of memory";
    case Return::no_data:
      return "no data";
    case Return::not_ready:
      return "not ready";
    case Return::gpu_not_found:
      return "no GPU found";
    case Return::unknown:
      return "unknown error of the driver";
  }
  return "NVML error";
}

}  // namespace

std::string to_string(Return code) {
  return fmt::format("{} ({})", words_for(code), static_cast<int>(code));
}

std::string pci_address(const PciInfo& pci) {
  return fmt::format("{:04x}:{:02x}:{:02x}.0", pci.domain, pci.bus, pci.device);
}

std::string normalised_pci_address(const std::string& text) {
  unsigned domain = 0;
  unsigned bus = 0;
  unsigned device = 0;
  unsigned function = 0;
  const bool whole =
      std::sscanf(text.c_str(), "%x:%x:%x.%x", &domain, &bus, &device, &function) == 4;
  if (!whole) domain = 0;
  if (whole || std::sscanf(text.c_str(), "%x:%x.%x", &bus, &device, &function) == 3) {
    return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", domain, bus, device, function);
  }
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

}  // namespace autotune::nvml
