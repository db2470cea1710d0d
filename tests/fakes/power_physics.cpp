#include "fakes/power_physics.hpp"

#include <algorithm>
#include <cmath>

namespace autotune::testing {
namespace {

/// A number in [0, 1) that depends on `tick` alone, so that every run sees the same noise
/// (the finaliser of SplitMix64).
double uniform(std::int64_t tick, std::uint64_t stream) {
  auto x = static_cast<std::uint64_t>(tick) * 0x9e3779b97f4a7c15u + stream;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-53;
}

/// Standard normal by Box and Muller.
double normal(std::int64_t tick) {
  constexpr double two_pi = 6.283185307179586;
  return std::sqrt(-2 * std::log(1 - uniform(tick, 1))) * std::cos(two_pi * uniform(tick, 2));
}

}  // namespace

void PowerTrace::set_watts(double time, double watts) {
  const double joules_before = joules(time);
  steps_.push_back({time, watts, joules_before});
}

const PowerTrace::Step* PowerTrace::step_at(double time) const {
  const auto after = std::upper_bound(steps_.begin(), steps_.end(), time,
                                      [](double t, const Step& step) { return t < step.time; });
  return after == steps_.begin() ? nullptr : &*(after - 1);
}

double PowerTrace::watts(double time) const {
  if (const Step* step = step_at(time)) return step->watts;
  return wave_watts(time) * (1 + options_.gamma * heated_kelvin(time));
}

double PowerTrace::joules(double time) const {
  if (const Step* step = step_at(time)) return step->joules + step->watts * (time - step->time);
  return options_.gamma > 0 ? heated_joules(time) : wave_joules(time);
}

double PowerTrace::heated_kelvin(double time) const {
  const double age = std::max(0.0, time - options_.heats_from_s);
  return options_.heating_kelvin * (1 - std::exp(-age / options_.heating_s));
}

double PowerTrace::wave_watts(double time) const {
  if (options_.period_s <= 0) return options_.watts;
  const double periods = (time - options_.phase_s) / options_.period_s;
  return periods - std::floor(periods) < 0.5 ? options_.watts : options_.low_watts;
}

double PowerTrace::wave_joules(double time) const {
  if (options_.period_s <= 0) return options_.watts * time;
  const auto since_phase = [this](double seconds) {
    const double periods = seconds / options_.period_s;
    const double whole = std::floor(periods);
    const double high = whole / 2 + std::min(periods - whole, 0.5);
    return options_.period_s * (high * options_.watts + (periods - high) * options_.low_watts);
  };
  return since_phase(time - options_.phase_s) - since_phase(-options_.phase_s);
}

/// ∫ 1 + gamma ΔT between two moments without an edge of the wave between them.
double PowerTrace::piece_joules(double begin, double end) const {
  const double tau = options_.heating_s;
  const double begin_age = begin - options_.heats_from_s;
  const double end_age = end - options_.heats_from_s;
  const double kelvin_seconds =
      options_.heating_kelvin *
      (end - begin + tau * (std::exp(-end_age / tau) - std::exp(-begin_age / tau)));
  return wave_watts((begin + end) / 2) * (end - begin + options_.gamma * kelvin_seconds);
}

double PowerTrace::heated_joules(double time) const {
  const double start = options_.heats_from_s;
  if (time <= start) return wave_joules(time);
  double joules = wave_joules(start);
  double begin = start;
  if (options_.period_s > 0) {
    const double half = options_.period_s / 2;
    double edge = options_.phase_s + std::ceil((start - options_.phase_s) / half) * half;
    for (; edge < time; edge += half) {
      joules += piece_joules(begin, edge);
      begin = edge;
    }
  }
  return joules + piece_joules(begin, time);
}

bool Sensor::samples_a_part() const {
  return options_.sampled_s > 0 && options_.sampled_s < options_.period_s;
}

double Sensor::latch_time(std::int64_t tick) const {
  return static_cast<double>(tick) * options_.period_s + options_.jitter_s * uniform(tick, 3);
}

std::int64_t Sensor::last_tick(double time) const {
  const auto tick = static_cast<std::int64_t>(std::floor(time / options_.period_s));
  return latch_time(tick) <= time ? tick : tick - 1;
}

/// The power seen between `tick` and the next.
double Sensor::period_watts(std::int64_t tick) const {
  const double begin =
      samples_a_part() ? static_cast<double>(tick) * options_.period_s : latch_time(tick);
  const double end = samples_a_part() ? begin + options_.sampled_s : latch_time(tick + 1);
  const double seen = (trace_.joules(end) - trace_.joules(begin)) / (end - begin);
  return options_.gain * seen + options_.noise_watts * normal(tick);
}

double Sensor::period_joules(std::int64_t tick) const {
  const double seconds =
      samples_a_part() ? options_.period_s : latch_time(tick + 1) - latch_time(tick);
  return seconds * period_watts(tick);
}

double Sensor::joules(double time) {
  if (options_.period_s <= 0) return options_.gain * trace_.joules(time);
  const std::int64_t tick = last_tick(time);
  if (!started_) {
    started_ = true;
    tick_ = tick;
    joules_ = options_.gain * trace_.joules(latch_time(tick));
  }
  for (; tick_ < tick; ++tick_) joules_ += period_joules(tick_);
  return joules_;
}

double Sensor::instant_watts(double time) const {
  if (options_.period_s <= 0) return options_.gain * trace_.watts(time);
  return period_watts(last_tick(time) - 1);
}

double Sensor::average_watts(double time) const {
  return options_.gain * (trace_.joules(time) - trace_.joules(time - 1));
}

}  // namespace autotune::testing
