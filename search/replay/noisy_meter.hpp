#pragma once
#include <cstdint>
#include <random>

namespace autotune::replay {

/// How far what is read lies from the truth (docs/search.md#noise).
struct Noise {
  double sigma = 0.024;    ///< CV of one window (RTX A4000, NVML, 1,000 repeats: 0.0225-0.0258).
  double rho = 0.3;        ///< Lag-1 correlation of successive windows (there 0.19-0.51).
  double drift = 0.01;     ///< SD of the run's drift; most of it comes in the first minutes.
  double latency = 0.002;  ///< CV of a latency: ten times that of a GPU kernel at locked clocks.
};

/// The readings of one run. Successive windows are correlated; latencies have a series of their
/// own, so that a probe more or less leaves the windows' noise as it is.
class NoisyMeter {
 public:
  NoisyMeter(const Noise& noise, std::uint64_t seed);

  /// The mean of `windows` successive windows whose middle is `seconds` into the run.
  [[nodiscard]] double joules(double truth, int windows, double seconds);

  [[nodiscard]] double latency(double truth);

 private:
  double next_deviation();  // a_k: zero mean, unit variance, AR(1)

  Noise noise_;
  std::mt19937_64 window_source_;
  std::mt19937_64 latency_source_;
  std::normal_distribution<double> window_normal_;
  std::normal_distribution<double> latency_normal_;
  double run_drift_ = 0;
  double deviation_ = 0;
};

}  // namespace autotune::replay
