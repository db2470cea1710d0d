#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "autotune/energy.hpp"

namespace autotune {

/// Nanoseconds for which the device held its clocks down since the driver was loaded, by cause. The
/// difference over a window is the time throttled in it, without polling.
struct ThrottleTimes {
  std::optional<std::uint64_t> power_cap_ns;  ///< At the power limit: normal under load.
  std::optional<std::uint64_t> sync_boost_ns;
  std::optional<std::uint64_t> software_thermal_ns;
  std::optional<std::uint64_t> hardware_thermal_ns;
  std::optional<std::uint64_t> power_brake_ns;  ///< The power supply asked for less.

  friend bool operator==(const ThrottleTimes&, const ThrottleTimes&) = default;
};

/// What a window's figures depend on besides its configuration, at one moment. What cannot be told
/// is absent.
struct GpuState {
  Timestamp time{};
  ThrottleTimes throttled;
  std::optional<int> celsius;
  std::optional<unsigned> sm_clock_mhz;
  std::optional<std::set<int>> foreign_pids;  ///< Other processes that compute on the device.

  friend bool operator==(const GpuState&, const GpuState&) = default;
};

/// Reads the circumstances of one device. It only reads; whether they spoil a window is judged by
/// who measures. A read takes some milliseconds (the list of processes), so it belongs before and
/// after a window, not into it.
class GpuStateReader {
 public:
  virtual ~GpuStateReader() = default;
  [[nodiscard]] virtual GpuState read() = 0;
};

/// Whether a process is ours, asked at every read: a worker may have been started again.
using IsOurs = std::function<bool(int pid)>;

/// The watch over the GPU that `options` name; null where NVML does not know it.
[[nodiscard]] std::unique_ptr<GpuStateReader> open_gpu_watch(const MeterOptions& options,
                                                             IsOurs ours);

}  // namespace autotune
