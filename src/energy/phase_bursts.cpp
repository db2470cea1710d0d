#include "energy/phase_bursts.hpp"

#include <cmath>
#include <numbers>

namespace autotune {
namespace {

constexpr int harmonics = 8;
constexpr double beats_that_average_out = 3;
// Below this share of the mean a harmonic is lost in the noise of a window.
constexpr double visible_share = 0.02;

/// How much of a harmonic is left by the mean over the sampled part, for a square wave.
double share_seen(int harmonic, const Rhythm& rhythm) {
  const double x = std::numbers::pi * harmonic * rhythm.sampled_seconds / rhythm.step_seconds;
  return std::abs(std::sin(x) / x) / harmonic;
}

std::int64_t periods_up(std::chrono::nanoseconds span, std::chrono::nanoseconds period) {
  return (span.count() + period.count() - 1) / period.count();
}

}  // namespace

bool may_beat(const Rhythm& rhythm) {
  for (int harmonic = 1; harmonic <= harmonics; ++harmonic) {
    const double frequency = harmonic / rhythm.step_seconds;
    const double multiple = std::round(frequency * rhythm.period_seconds);
    if (multiple < 1) continue;  // Slower than the sensor, which then follows it.
    const double beat = std::abs(frequency - multiple / rhythm.period_seconds);
    if (beat * rhythm.window_seconds < beats_that_average_out &&
        share_seen(harmonic, rhythm) > visible_share) {
      return true;
    }
  }
  return false;
}

std::array<Burst, 4> phase_bursts(Timestamp tick, std::chrono::nanoseconds period,
                                  Timestamp not_before, std::chrono::nanoseconds window) {
  const auto length = periods_up(window / 4, period) * period;
  std::array<Burst, 4> bursts;
  Timestamp begin =
      tick + std::max<std::int64_t>(1, periods_up(not_before - tick, period)) * period;
  for (Burst& burst : bursts) {
    burst = {begin, begin + length};
    begin = burst.end + period / 4;
  }
  return bursts;
}

}  // namespace autotune
