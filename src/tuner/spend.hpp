#pragma once
#include <optional>

#include "autotune/clock.hpp"
#include "autotune/energy.hpp"

namespace autotune {

/// What the search itself has cost, from a moment on: wall time, and joules of the ranking meter.
///
/// A power meter is read only when `note` is called, between steps, so its joules are an estimate
/// by the trapezoidal rule over the steps.
class Spend {
 public:
  Spend(Clock& clock, EnergyMeter& meter, Timestamp started);

  /// Reads the meter; call it after each step.
  void note();

  [[nodiscard]] double seconds() const;
  [[nodiscard]] double joules() const noexcept { return joules_; }

 private:
  Clock& clock_;
  EnergyMeter& meter_;
  Timestamp started_;
  std::optional<Reading> last_;
  double joules_ = 0;
};

}  // namespace autotune
