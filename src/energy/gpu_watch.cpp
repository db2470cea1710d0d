#include "energy/gpu_watch.hpp"

#include <array>
#include <utility>

#include "energy/meters.hpp"
#include "energy/nvml_gpu.hpp"

namespace autotune {
namespace {

std::optional<std::uint64_t> nanoseconds(const nvml::Answer<double>& answer) {
  if (!answer || answer.value < 0) return std::nullopt;
  return static_cast<std::uint64_t>(answer.value);
}

class GpuWatch final : public GpuStateReader {
 public:
  GpuWatch(NvmlGpu gpu, IsOurs ours, Clock& clock)
      : gpu_(std::move(gpu)), ours_(std::move(ours)), clock_(clock) {}

  [[nodiscard]] GpuState read() override {
    GpuState now{.time = clock_.now(), .throttled = throttle_times()};
    if (const auto celsius = gpu_.library->celsius(gpu_.handle)) now.celsius = celsius.value;
    if (const auto mhz = gpu_.library->sm_clock_mhz(gpu_.handle)) now.sm_clock_mhz = mhz.value;
    now.foreign_pids = foreign_pids();
    return now;
  }

 private:
  [[nodiscard]] ThrottleTimes throttle_times() const {
    constexpr std::array fields = {nvml::field_power_cap_ns, nvml::field_sync_boost_ns,
                                   nvml::field_software_thermal_ns, nvml::field_hardware_thermal_ns,
                                   nvml::field_power_brake_ns};
    const auto answers = gpu_.library->fields(gpu_.handle, fields, nvml::scope_gpu);
    return {nanoseconds(answers[0]), nanoseconds(answers[1]), nanoseconds(answers[2]),
            nanoseconds(answers[3]), nanoseconds(answers[4])};
  }

  [[nodiscard]] std::optional<std::set<int>> foreign_pids() const {
    const auto pids = gpu_.library->compute_pids(gpu_.handle);
    if (!pids) return std::nullopt;
    std::set<int> foreign(pids.value.begin(), pids.value.end());
    if (ours_) std::erase_if(foreign, ours_);
    return foreign;
  }

  NvmlGpu gpu_;
  IsOurs ours_;
  Clock& clock_;
};

}  // namespace

std::unique_ptr<GpuStateReader> open_gpu_watch(const MeterOptions& options, IsOurs ours) {
  NvmlGpu gpu = find_nvml_gpu(options);
  if (!gpu) return nullptr;
  return std::make_unique<GpuWatch>(std::move(gpu), std::move(ours), clock_of(options));
}

}  // namespace autotune
