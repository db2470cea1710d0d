#pragma once
#include <chrono>

namespace autotune {

/// Nanoseconds of CLOCK_MONOTONIC, which the tuner and its worker processes share.
using Timestamp = std::chrono::nanoseconds;

/// Seconds as a number, for rates and ratios.
[[nodiscard]] constexpr double in_seconds(std::chrono::nanoseconds span) noexcept {
  return std::chrono::duration<double>(span).count();
}

/// Time, handed in so that tests decide how it passes.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Timestamp now() = 0;
  virtual void sleep_for(std::chrono::nanoseconds span) = 0;
};

/// The machine's monotonic clock.
class SteadyClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() override;
  void sleep_for(std::chrono::nanoseconds span) override;
};

}  // namespace autotune
