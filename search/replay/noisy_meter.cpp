#include "search/replay/noisy_meter.hpp"

#include <algorithm>
#include <cmath>

namespace autotune::replay {
namespace {

constexpr double drift_seconds = 120;  // A card's temperature settles in about two minutes.
constexpr double least_factor = 0.05;  // No reading is negative, however large the noise asked for.

/// Apart from the generator that the searcher seeds with the same number.
std::mt19937_64 source(std::uint64_t seed, std::uint32_t series) {
  std::seed_seq sequence{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                         series};
  return std::mt19937_64(sequence);
}

}  // namespace

NoisyMeter::NoisyMeter(const Noise& noise, std::uint64_t seed)
    : noise_(noise), window_source_(source(seed, 1)), latency_source_(source(seed, 2)) {
  run_drift_ = noise_.drift * window_normal_(window_source_);
  deviation_ = window_normal_(window_source_);
}

double NoisyMeter::next_deviation() {
  const double now = deviation_;
  deviation_ = noise_.rho * deviation_ +
               std::sqrt(1 - noise_.rho * noise_.rho) * window_normal_(window_source_);
  return now;
}

double NoisyMeter::joules(double truth, int windows, double seconds) {
  double sum = 0;
  for (int i = 0; i < windows; ++i) {
    sum += std::max(least_factor, 1 + noise_.sigma * next_deviation());
  }
  const double drift = 1 + run_drift_ * std::tanh(seconds / drift_seconds);
  return truth * sum / windows * std::max(least_factor, drift);
}

double NoisyMeter::latency(double truth) {
  return truth * std::max(least_factor, 1 + noise_.latency * latency_normal_(latency_source_));
}

}  // namespace autotune::replay
