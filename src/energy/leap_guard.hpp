#pragma once
#include "autotune/energy.hpp"

namespace autotune {

/// Keeps a counter's leap out of every sum: a rise that the device cannot have drawn is passed on
/// as a fall, which voids the window it happens in (`joules_between`) and no later one.
class LeapGuard {
 public:
  /// @param most_watts more than the device can draw
  explicit LeapGuard(double most_watts) : most_watts_(most_watts) {}

  [[nodiscard]] Reading checked(Reading reading) {
    // What a counter shows may have been spent since its tick before last; ticks are 0.5 s at most.
    const double most = most_watts_ * (in_seconds(reading.time - last_time_) + 1);
    if (seen_ && reading.value - last_value_ > most) start_ = reading.value;
    seen_ = true;
    last_time_ = reading.time;
    last_value_ = reading.value;
    if (reading.value < start_) start_ = 0;  // It fell below the leap by itself.
    reading.value -= start_;
    return reading;
  }

 private:
  double most_watts_;
  bool seen_ = false;
  Timestamp last_time_{};
  double last_value_ = 0;
  double start_ = 0;  ///< Where the counter stood after its last leap.
};

}  // namespace autotune
