#pragma once
#include <chrono>
#include <memory>
#include <optional>

#include "autotune/energy.hpp"

namespace autotune {

/// What else than the model moves a figure, read at both edges of a window. Times are sums since
/// some start, so that differences count. What nobody tells is absent.
struct Circumstances {
  std::optional<std::chrono::nanoseconds> stalled;  ///< Some task of the machine waited for a CPU.
  std::optional<std::chrono::nanoseconds> stolen;  ///< The hypervisor ran something else, all CPUs.
};

/// Reads the circumstances of the device and the machine; handed in so that tests decide them.
class Watch {
 public:
  virtual ~Watch() = default;
  [[nodiscard]] virtual Circumstances read() = 0;
};

/// The watch of this machine and of the device that `options` name.
[[nodiscard]] std::unique_ptr<Watch> open_watch(const MeterOptions& options);

}  // namespace autotune
