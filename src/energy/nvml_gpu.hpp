#pragma once
#include <memory>
#include <string>

#include "autotune/energy.hpp"
#include "platform/nvml.hpp"

namespace autotune {

/// A GPU that NVML knows, or why there is none and what the user can do.
struct NvmlGpu {
  std::shared_ptr<const nvml::Library> library;
  nvml::Handle handle = nullptr;
  std::string name;
  std::string problem;
  std::string remedy;

  explicit operator bool() const noexcept { return handle != nullptr; }
};

/// The GPU by NVML's index if the user gave one, else the one that is tuned, by its PCI address:
/// CUDA's numbers follow CUDA_VISIBLE_DEVICES and need not be NVML's.
[[nodiscard]] NvmlGpu find_nvml_gpu(const MeterOptions& options);

}  // namespace autotune
