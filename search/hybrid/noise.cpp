#include "search/hybrid/noise.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace autotune {
namespace {

// Pooling n readings of m points costs some 4 n² m operations, and saves (n³ − m³) / 3 for each
// kernel that is tried.
constexpr std::size_t few_readings = 100;

Eigen::MatrixXd noise_covariance(std::span<const LogReading> readings, const WindowNoise& noise) {
  const auto n = static_cast<Eigen::Index>(readings.size());
  Eigen::MatrixXd covariance(n, n);
  const double own = noise.scatter * noise.scatter;
  const double shared = noise.drift * noise.drift;
  for (Eigen::Index i = 0; i < n; ++i) {
    double correlation = 1;
    for (Eigen::Index j = i; j < n; ++j) {
      const double apart = readings[static_cast<std::size_t>(j)].at_seconds -
                           readings[static_cast<std::size_t>(i)].at_seconds;
      covariance(i, j) = covariance(j, i) =
          own * correlation + shared * std::exp(-apart / noise.drift_seconds);
      correlation = correlation < 1e-6 ? 0 : correlation * noise.correlation;
    }
  }
  return covariance;
}

}  // namespace

const std::vector<double>& usual_scatters() {
  static const std::vector<double> scatters = {.003, .005, .008, .012, .018, .026, .04, .08};
  return scatters;
}

std::vector<std::size_t> distinct_points(std::span<const LogReading> readings) {
  std::vector<std::size_t> points;
  for (const LogReading& reading : readings) {
    if (std::ranges::count(points, reading.point) == 0) points.push_back(reading.point);
  }
  return points;
}

PooledReadings pool(std::span<const LogReading> readings, const WindowNoise& noise) {
  PooledReadings pooled;
  pooled.points = distinct_points(readings);
  const auto n = static_cast<Eigen::Index>(readings.size());
  const auto m = static_cast<Eigen::Index>(pooled.points.size());
  Eigen::MatrixXd design = Eigen::MatrixXd::Zero(n, m);
  Eigen::VectorXd values(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const LogReading& reading = readings[static_cast<std::size_t>(i)];
    design(i, std::ranges::find(pooled.points, reading.point) - pooled.points.begin()) = 1;
    values(i) = reading.value;
  }
  // Generalised least squares of the readings on the points they are of.
  const Eigen::LLT<Eigen::MatrixXd> factor(noise_covariance(readings, noise));
  factor.matrixL().solveInPlace(design);
  factor.matrixL().solveInPlace(values);
  const Eigen::LLT<Eigen::MatrixXd> information(design.transpose() * design);
  const Eigen::VectorXd projected = design.transpose() * values;
  pooled.values = information.solve(projected);
  pooled.covariance = information.solve(Eigen::MatrixXd::Identity(m, m));

  const auto half_log_determinant = [](const Eigen::LLT<Eigen::MatrixXd>& of) {
    return of.matrixLLT().diagonal().array().log().sum();
  };
  const double left_over = values.squaredNorm() - projected.dot(pooled.values);
  pooled.log_likelihood =
      -half_log_determinant(factor) - half_log_determinant(information) -
      0.5 * (left_over + static_cast<double>(n - m) * std::log(2 * std::numbers::pi));
  return pooled;
}

std::vector<std::size_t> gathered_points(std::span<const LogReading> readings) {
  std::vector<std::size_t> points = distinct_points(readings);
  const bool few_replicas = readings.size() < 2 * points.size();
  const bool pooled =
      points.size() < readings.size() && (readings.size() < few_readings || !few_replicas);
  if (pooled) return points;
  points.clear();
  for (const LogReading& reading : readings) points.push_back(reading.point);
  return points;
}

PooledReadings gather(std::span<const LogReading> readings, const WindowNoise& noise) {
  PooledReadings gathered;
  gathered.points = gathered_points(readings);
  if (gathered.points.size() < readings.size()) return pool(readings, noise);
  gathered.values.resize(static_cast<Eigen::Index>(readings.size()));
  for (std::size_t i = 0; i < readings.size(); ++i) {
    gathered.values(static_cast<Eigen::Index>(i)) = readings[i].value;
  }
  gathered.covariance = noise_covariance(readings, noise);
  return gathered;
}

}  // namespace autotune
