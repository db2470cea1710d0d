#pragma once
#include <Eigen/Dense>
#include <cstddef>
#include <span>
#include <vector>

namespace autotune {

/// One window's reading of a quantity, on the log scale.
struct LogReading {
  std::size_t point = 0;  ///< Of the grid.
  double value = 0;       ///< Natural logarithm.
  double at_seconds = 0;  ///< Since the search began.
};

/// How windows scatter: each by itself, a little with the one before it, and along a common drift.
struct WindowNoise {
  double scatter = 0.024;  ///< Standard deviation of one window's logarithm.

  // 1,000 windows of one GEMM on an A4000, nine times over: lag-1 correlation 0.19–0.51, drift up
  // to 2.3 % (docs/search.md#noise). The drift's time is that of a cooler warming through.
  double correlation = 0.3;
  double drift = 0.01;
  double drift_seconds = 300;
};

/// The readings of a search with one value per configuration: exact, not an approximation, since
/// under normal noise nothing more about the configurations is in the readings.
struct PooledReadings {
  std::vector<std::size_t> points;
  Eigen::VectorXd values;
  Eigen::MatrixXd covariance;  ///< Of the values' noise.
  double log_likelihood = 0;   ///< Of what the values leave out: the scatter among replicas.
};

/// Scatters to choose from: 0.3 % (a counter over seconds) to 8 % (a busy machine).
[[nodiscard]] const std::vector<double>& usual_scatters();

/// The points of the readings, in order of first appearance.
[[nodiscard]] std::vector<std::size_t> distinct_points(std::span<const LogReading> readings);

/// @param readings in order of time, at least one
[[nodiscard]] PooledReadings pool(std::span<const LogReading> readings, const WindowNoise& noise);

/// What comes to the same and costs least: pooled, or, of many readings with few replicas, one by
/// one, so that a point can be there more than once. `gathered_points` says which.
[[nodiscard]] PooledReadings gather(std::span<const LogReading> readings, const WindowNoise& noise);
[[nodiscard]] std::vector<std::size_t> gathered_points(std::span<const LogReading> readings);

}  // namespace autotune
