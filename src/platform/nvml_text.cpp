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

std::string remedy_for(Return code) {
  switch (code) {
    case Return::no_permission:
    case Return::operating_system:
      return "Let this user open /dev/nvidiactl and /dev/nvidia0 … (ls -l /dev/nvidia*); a "
             "container gets them when it is started with --gpus.";
    case Return::driver_not_loaded:
      return "Load the driver (sudo modprobe nvidia; dmesg says what keeps it out), or reboot "
             "after "
             "an installation.";
    case Return::version_mismatch:
      return "The driver was updated while the old one runs: reboot, or end what uses the GPU and "
             "reload it (sudo rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia; sudo modprobe "
             "nvidia).";
    case Return::gpu_is_lost:
    case Return::reset_required:
      return "Reset the GPU (sudo nvidia-smi -r) or reboot; dmesg names the Xid.";
    default:
      return "Check that nvidia-smi works here.";
  }
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
