#pragma once
#include <optional>

#include "autotune/clock.hpp"
#include "autotune/energy.hpp"

namespace autotune {

/// What the search itself has cost, from a moment on: wall time, and joules of the ranking meter.
///
/// It moves with `note` only, between steps, so that what is decided by it depends on nothing that
/// a journal cannot give back. Joules of a power meter are an estimate by the trapezoidal rule over
/// the steps.
class Spend {
 public:
  Spend(Clock& clock, EnergyMeter& meter, Timestamp started);

  /// Reads clock and meter; call it after each step.
  void note();

  /// Takes what an earlier run had spent. What this one spends until the next `note` comes on top.
  void restore(double seconds, double joules) noexcept;

  [[nodiscard]] double seconds() const noexcept { return seconds_; }
  [[nodiscard]] double joules() const noexcept { return joules_; }

 private:
  Clock& clock_;
  EnergyMeter& meter_;
  Timestamp noted_;
  std::optional<Reading> last_;
  double seconds_ = 0;
  double joules_ = 0;
};

}  // namespace autotune
