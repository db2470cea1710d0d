#include "search/hybrid/gaussian_process.hpp"

#include <cmath>
#include <numbers>

namespace autotune {
namespace {

// Two windows of one configuration without noise would make the matrix singular.
constexpr double jitter = 1e-10;

}  // namespace

GaussianProcess::GaussianProcess(const Eigen::MatrixXd& prior, const Eigen::MatrixXd& noise,
                                 Eigen::VectorXd values)
    : values_(std::move(values)) {
  Eigen::MatrixXd total = prior + noise;
  total.diagonal().array() += jitter;
  factor_.compute(total);
  weights_ = factor_.solve(values_);
}

double GaussianProcess::log_likelihood() const {
  const double log_determinant = 2 * factor_.matrixLLT().diagonal().array().log().sum();
  const auto n = static_cast<double>(values_.size());
  return -0.5 * (values_.dot(weights_) + log_determinant + n * std::log(2 * std::numbers::pi));
}

Belief GaussianProcess::at(const Eigen::Ref<const Eigen::VectorXd>& cross,
                           double prior_variance) const {
  const double explained = factor_.matrixL().solve(cross).squaredNorm();
  return {mean(cross), std::max(prior_variance - explained, 0.0)};
}

std::vector<Belief> GaussianProcess::at(const Eigen::MatrixXd& cross,
                                        const Eigen::VectorXd& prior_variances) const {
  if (cross.cols() == 0) return {};  // Eigen's solver looks at the first coefficient.
  const Eigen::VectorXd means = cross.transpose() * weights_;
  const Eigen::VectorXd explained =
      factor_.matrixL().solve(cross).colwise().squaredNorm().transpose();
  std::vector<Belief> beliefs(static_cast<std::size_t>(cross.cols()));
  for (Eigen::Index i = 0; i < cross.cols(); ++i) {
    beliefs[static_cast<std::size_t>(i)] = {means(i),
                                            std::max(prior_variances(i) - explained(i), 0.0)};
  }
  return beliefs;
}

double matern_5_2(double distance, double length) noexcept {
  const double r = std::sqrt(5.0) * std::abs(distance) / length;
  return (1 + r + r * r / 3) * std::exp(-r);
}

}  // namespace autotune
