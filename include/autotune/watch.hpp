#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "autotune/energy.hpp"

namespace autotune {

/// What else than the model moves a figure, read at both edges of a window. Times are sums since
/// some start, so that differences count. What nobody tells is absent.
struct Circumstances {
  std::optional<std::chrono::nanoseconds> stalled;  ///< Some task of the machine waited for a CPU.
  std::optional<std::chrono::nanoseconds> stolen;   ///< The hypervisor ran others, over all CPUs.

  // Of a GPU. Times are how long its clocks were held down, by cause.
  std::optional<std::chrono::nanoseconds> thermal_throttle;
  std::optional<std::chrono::nanoseconds> power_brake;
  std::optional<std::chrono::nanoseconds> power_cap;
  std::optional<double> temperature_c;
  std::optional<double> sm_clock_mhz;
  std::vector<int> foreign_processes;  ///< That compute on it and are not ours.
};

/// Reads the circumstances of the device and the machine; handed in so that tests decide them.
class Watch {
 public:
  virtual ~Watch() = default;
  [[nodiscard]] virtual Circumstances read() = 0;
};

/// What a GPU's driver tells of its circumstances.
struct GpuWatchSurvey {
  bool throttled = false;  ///< How long heat held its clocks down.
  bool temperature = false;
  bool sm_clock = false;
  bool processes = false;  ///< Who else computes on it.
};

/// Which circumstances can be seen here.
struct WatchSurvey {
  bool waited = false;   ///< How long the model's threads waited for a CPU (schedstat).
  bool stalled = false;  ///< Pressure stall information.
  bool stolen = false;
  std::optional<GpuWatchSurvey> gpu;  ///< Nothing on a CPU.
};

/// Looks what there is, once.
[[nodiscard]] WatchSurvey survey_watch(const MeterOptions& options);

/// The watch of this machine and of the device that `options` name.
[[nodiscard]] std::unique_ptr<Watch> open_watch(const MeterOptions& options);

}  // namespace autotune
