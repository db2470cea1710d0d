#include "session/metered_gpu.hpp"

#include <fmt/format.h>

#include <utility>

#include "autotune/error.hpp"
#include "energy/nvml_gpu.hpp"
#include "platform/nvml.hpp"

namespace autotune {
namespace {

class OnMeteredGpu final : public Workload {
 public:
  OnMeteredGpu(std::unique_ptr<Workload> workload, std::string metered_address)
      : workload_(std::move(workload)), metered_(std::move(metered_address)) {}

  Description describe() override {
    Description description = workload_->describe();
    require_metered(description.pci_address);
    return description;
  }
  Prepared prepare(const PrepareRequest& request) override { return workload_->prepare(request); }
  RunResult run(const RunRequest& request) override { return workload_->run(request); }

 private:
  void require_metered(const std::string& address) const {
    if (address.empty() || metered_.empty()) return;
    if (nvml::normalised_pci_address(address) == nvml::normalised_pci_address(metered_)) return;
    throw Error(ErrorCode::device,
                fmt::format("the model runs on the GPU at {}, but the one at {} is metered: CUDA "
                            "counts GPUs by speed, NVML by PCI address. export "
                            "CUDA_DEVICE_ORDER=PCI_BUS_ID makes them agree.",
                            address, metered_));
  }

  std::unique_ptr<Workload> workload_;
  std::string metered_;
};

std::string address_of(const NvmlGpu& gpu) {
  if (!gpu) return "";
  const auto pci = gpu.library->pci(gpu.handle);
  return pci ? nvml::pci_address(pci.value) : "";
}

}  // namespace

std::string metered_pci_address(const Device& device, const MeterOptions& meter) {
  if (nvml::named_library()) return "";
  if (meter.choice == MeterChoice::nvml && meter.nvml_index) {
    return address_of(find_nvml_gpu(meter));
  }
  return device.pci_address;
}

std::unique_ptr<Workload> on_metered_gpu(std::unique_ptr<Workload> workload,
                                         std::string metered_address) {
  return std::make_unique<OnMeteredGpu>(std::move(workload), std::move(metered_address));
}

}  // namespace autotune
