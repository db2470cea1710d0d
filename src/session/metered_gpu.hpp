#pragma once
#include <memory>
#include <string>

#include "autotune/device.hpp"
#include "autotune/energy.hpp"
#include "autotune/workload.hpp"

namespace autotune {

/// PCI address of the GPU whose figures a session takes for the model's: the one that the user
/// named by NVML's number, else the device itself. Empty where there is none, or where the library
/// that AUTOTUNE_NVML_LIBRARY names stands in for the driver.
[[nodiscard]] std::string metered_pci_address(const Device& device, const MeterOptions& meter);

/// `workload`, whose description is refused if the model runs on another GPU than the metered one:
/// CUDA counts GPUs by speed, NVML by PCI address. A workload that tells no address is taken as it
/// is.
/// @param metered_address in any spelling; empty: nothing is compared
[[nodiscard]] std::unique_ptr<Workload> on_metered_gpu(std::unique_ptr<Workload> workload,
                                                       std::string metered_address);

}  // namespace autotune
