#pragma once
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "energy/meters.hpp"
#include "energy/phase_bursts.hpp"
#include "fakes/virtual_nvml.hpp"

namespace autotune::testing {

/// A fake GPU under a load whose iterations draw full power and then half, read through its counter
/// every 5 ms. Joules are given with those it really drew.
class PulsedGpu {
 public:
  struct Joules {
    double counted = 0;
    double spent = 0;
    [[nodiscard]] double ratio() const { return counted / spent; }
  };

  PulsedGpu(VirtualNvml& nvml, EnergyMeter& meter) : nvml_(nvml), meter_(meter) {
    nvml_.set_watts(idle_watts);
  }

  /// The difference of the counter over one window, begun `phase` of the period after a tick, with
  /// the same work before and after it.
  Joules naive(std::chrono::nanoseconds step, std::chrono::nanoseconds window, double phase) {
    const Timestamp start = next_tick() + scaled(period, 1 + phase);
    const Burst whole{start, start + window};
    return measured(whole, std::array{Burst{start, start + window + period}}, step);
  }

  /// The same in four bursts.
  Joules in_bursts(std::chrono::nanoseconds step, std::chrono::nanoseconds window, double phase) {
    // A moment of its own between two polls as well as between two ticks.
    nvml_.clock().sleep_for(scaled(period, phase) + scaled(std::chrono::milliseconds(1), phase));
    const Timestamp tick = next_tick();
    const auto bursts = phase_bursts(tick, period, tick + scaled(period, 1 + phase), window);
    return measured({bursts.front().begin, bursts.back().end}, bursts, step);
  }

 private:
  static constexpr double idle_watts = 80;
  static constexpr double high_watts = 400;
  static constexpr double low_watts = 200;
  static constexpr std::chrono::milliseconds period{100};
  static constexpr std::chrono::milliseconds poll{5};

  static std::chrono::nanoseconds scaled(std::chrono::nanoseconds span, double factor) {
    return std::chrono::nanoseconds(std::llround(factor * static_cast<double>(span.count())));
  }

  Timestamp next_tick() {
    const auto first = meter_.read();
    for (;;) {
      nvml_.clock().sleep_for(std::chrono::milliseconds(1));
      if (const auto reading = meter_.read(); reading->value != first->value) return reading->time;
    }
  }

  [[nodiscard]] static double watts_at(Timestamp time, std::span<const Burst> bursts,
                                       std::chrono::nanoseconds step) {
    for (const Burst& burst : bursts) {
      if (time < burst.begin || time >= burst.end) continue;
      return (time - burst.begin) % step < step / 2 ? high_watts : low_watts;
    }
    return idle_watts;
  }

  /// Time passes in parts of a millisecond, so that edges of the load lie where they should.
  Joules measured(const Burst& window, std::span<const Burst> bursts,
                  std::chrono::nanoseconds step) {
    constexpr std::chrono::microseconds grain{250};
    std::vector<Reading> readings;
    double watts = -1, spent_before = 0, spent_after = 0;
    for (Timestamp now = nvml_.clock().now(); now < window.end + 3 * period;
         nvml_.clock().sleep_for(grain), now = nvml_.clock().now()) {
      if (const double wanted = watts_at(now, bursts, step); wanted != watts) {
        watts = wanted;
        nvml_.set_watts(watts);
      }
      if (now <= window.begin) spent_before = nvml_.true_joules();
      if (now <= window.end) spent_after = nvml_.true_joules();
      if (now % poll < grain) readings.push_back(meter_.read().value());
    }
    const auto counted = joules_between(readings, meter_.info().kind, window.begin, window.end);
    return {counted.value(), spent_after - spent_before};
  }

  VirtualNvml& nvml_;
  EnergyMeter& meter_;
};

/// Counted over spent joules, at 20 phases of a load against the counter.
/// @param measure PulsedGpu::Joules of a phase in [0, 1)
template <typename Measure>
[[nodiscard]] std::vector<double> over_phase(const Measure& measure) {
  constexpr int phases = 20;
  std::vector<double> ratios;
  for (int i = 0; i < phases; ++i) ratios.push_back(measure(1.0 * i / phases).ratio());
  return ratios;
}

/// Standard deviation over the mean.
[[nodiscard]] inline double relative_deviation(std::span<const double> values) {
  double sum = 0, squares = 0;
  for (const double value : values) sum += value, squares += value * value;
  const auto count = static_cast<double>(values.size());
  return std::sqrt(squares / count - sum / count * sum / count) / (sum / count);
}

}  // namespace autotune::testing
