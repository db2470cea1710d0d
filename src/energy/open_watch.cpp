#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "autotune/watch.hpp"
#include "energy/gpu_watch.hpp"
#include "platform/host_load.hpp"
#include "platform/process_tree.hpp"

namespace autotune {
namespace {

using std::chrono::nanoseconds;

/// This process and those it started, of which the worker is one.
bool is_ours(int pid) { return comes_from(pid, static_cast<int>(::getpid())); }

std::optional<nanoseconds> sum(std::optional<std::uint64_t> a, std::optional<std::uint64_t> b) {
  if (!a && !b) return std::nullopt;
  return nanoseconds(static_cast<std::int64_t>(a.value_or(0) + b.value_or(0)));
}

class DeviceAndHostWatch final : public Watch {
 public:
  explicit DeviceAndHostWatch(std::unique_ptr<GpuStateReader> gpu) : gpu_(std::move(gpu)) {
    if (gpu_) at_start_ = gpu_->read().foreign_pids.value_or(std::set<int>{});
  }

  [[nodiscard]] Circumstances read() override {
    if (gpu_) return of_gpu(gpu_->read());
    const HostLoad load = host_load();
    return {.stalled = load.stalled, .stolen = load.stolen};
  }

 private:
  [[nodiscard]] Circumstances of_gpu(const GpuState& state) const {
    Circumstances now;
    now.thermal_throttle =
        sum(state.throttled.software_thermal_ns, state.throttled.hardware_thermal_ns);
    now.power_brake = sum(state.throttled.power_brake_ns, std::nullopt);
    now.power_cap = sum(state.throttled.power_cap_ns, std::nullopt);
    now.temperature_c = state.celsius;
    now.sm_clock_mhz = state.sm_clock_mhz;
    if (state.foreign_pids) now.foreign_processes = foreign(*state.foreign_pids);
    return now;
  }

  /// In a container the driver may list our own worker under a number that is not ours: of the
  /// processes that came after the start one is taken for it.
  [[nodiscard]] std::vector<int> foreign(const std::set<int>& pids) const {
    std::vector<int> others(pids.begin(), pids.end());
    const auto newcomer = std::find_if(others.begin(), others.end(), [&](int pid) {
      return !at_start_.contains(pid) && ::access(("/proc/" + std::to_string(pid)).c_str(), F_OK);
    });
    if (newcomer != others.end()) others.erase(newcomer);
    return others;
  }

  std::unique_ptr<GpuStateReader> gpu_;
  std::set<int> at_start_;
};

}  // namespace

std::unique_ptr<Watch> open_watch(const MeterOptions& options) {
  return std::make_unique<DeviceAndHostWatch>(
      options.device_is_gpu ? open_gpu_watch(options, is_ours) : nullptr);
}

}  // namespace autotune
