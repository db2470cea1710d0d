#pragma once
#include <cstdint>
#include <vector>

namespace autotune::testing {

/// Power that a device draws: constant, or a square wave between `watts` and `low_watts`, times
/// 1 + gamma ΔT, where ΔT goes to `heating_kelvin` as a resistor and a capacitor do.
struct PowerOptions {
  double watts = 250;
  double low_watts = 250;     ///< In the second half of each period.
  double period_s = 0;        ///< 0: constant at `watts`.
  double phase_s = 0;         ///< A period begins here.
  double gamma = 0;           ///< Leakage per kelvin; 0.002 on an A100 (docs/measuring.md).
  double heating_kelvin = 0;  ///< What `watts` heats it by in the end.
  double heating_s = 20;      ///< Time constant of the heat sink.
  double heats_from_s = 0;    ///< Cold before.
};

/// A power trace and its integral, both exact.
class PowerTrace {
 public:
  explicit PowerTrace(const PowerOptions& options) : options_(options) {}

  /// From `time` on the power is constant, whatever the options say; times rise.
  void set_watts(double time, double watts);

  [[nodiscard]] double watts(double time) const;
  [[nodiscard]] double joules(double time) const;  ///< Since time 0.
  [[nodiscard]] double heated_kelvin(double time) const;

 private:
  struct Step {
    double time;
    double watts;
    double joules;  ///< Until `time`.
  };

  [[nodiscard]] const Step* step_at(double time) const;
  [[nodiscard]] double wave_watts(double time) const;
  [[nodiscard]] double wave_joules(double time) const;
  [[nodiscard]] double piece_joules(double begin, double end) const;
  [[nodiscard]] double heated_joules(double time) const;

  PowerOptions options_;
  std::vector<Step> steps_;
};

/// How a device's sensor sees the trace.
struct SensorOptions {
  double period_s = 0.1;  ///< The counter latches so often; 0: continuously.
  double sampled_s = 0;   ///< The part of each period that is looked at, scaled up; 0: all.
  double jitter_s = 0;    ///< A tick comes up to so much late, less than a period.
  double gain = 1;
  double noise_watts = 0;  ///< Standard deviation of each period's power.
};

/// The energy counter and the power sensor of a device. Both know only whole periods.
class Sensor {
 public:
  Sensor(const PowerTrace& trace, const SensorOptions& options)
      : trace_(trace), options_(options) {}

  /// What the counter shows; its periods are added up as time passes, from the first call on.
  [[nodiscard]] double joules(double time);

  /// The mean over the sampled part of the last whole period.
  [[nodiscard]] double instant_watts(double time) const;

  [[nodiscard]] double average_watts(double time) const;  ///< Over the last second.

 private:
  [[nodiscard]] std::int64_t last_tick(double time) const;
  [[nodiscard]] double latch_time(std::int64_t tick) const;
  [[nodiscard]] double period_watts(std::int64_t tick) const;
  [[nodiscard]] double period_joules(std::int64_t tick) const;
  [[nodiscard]] bool samples_a_part() const;

  const PowerTrace& trace_;
  SensorOptions options_;
  bool started_ = false;
  std::int64_t tick_ = 0;
  double joules_ = 0;
};

}  // namespace autotune::testing
