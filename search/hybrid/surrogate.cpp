#include "search/hybrid/surrogate.hpp"

#include <cmath>
#include <limits>

namespace autotune {
namespace {

// What scatter is expected before the windows tell: a few of them can lie close by chance. Energy
// counters over a second scatter by 0.5 to 3 % (docs/search.md#noise).
constexpr double usual_scatter = 0.022;
constexpr double usual_spread = 0.6;  // Of its logarithm.

Eigen::MatrixXd prior_covariance(const Kernel& kernel, const std::vector<Features>& at) {
  const auto n = static_cast<Eigen::Index>(at.size());
  Eigen::MatrixXd covariance(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) {
      covariance(i, j) = covariance(j, i) =
          kernel(at[static_cast<std::size_t>(i)], at[static_cast<std::size_t>(j)]);
    }
  }
  return covariance;
}

}  // namespace

void Surrogate::learn(std::span<const LogReading> readings, const Describe& describe,
                      const MeanFunction& mean, const KernelChoice* choice) {
  mean_ = mean;
  seen_.clear();
  // Which points, in which order, depends on the readings alone.
  for (const std::size_t point : pool(readings, noise_).points) seen_.push_back(describe(point));
  if (choice) choose(readings, *choice);
  const PooledReadings pooled = pool(readings, noise_);
  process_.emplace(prior_covariance(kernel_, seen_), pooled.covariance, residuals(pooled));
}

void Surrogate::choose(std::span<const LogReading> readings, const KernelChoice& choice) {
  std::vector<Eigen::MatrixXd> priors;
  for (const auto& option : choice.kernels) {
    priors.push_back(prior_covariance(option.kernel, seen_));
  }
  double best = -std::numeric_limits<double>::infinity();
  WindowNoise noise = noise_;
  for (const double scatter : choice.scatters) {
    noise.scatter = scatter;
    const PooledReadings pooled = pool(readings, noise);
    const Eigen::VectorXd values = residuals(pooled);
    const double surprise = std::log(scatter / usual_scatter) / usual_spread;
    const double prior = -0.5 * surprise * surprise;
    for (std::size_t k = 0; k < priors.size(); ++k) {
      const double likelihood =
          GaussianProcess(priors[k], pooled.covariance, values).log_likelihood() +
          pooled.log_likelihood + prior + choice.kernels[k].log_prior;
      if (likelihood <= best) continue;
      best = likelihood;
      noise_ = noise;
      kernel_ = choice.kernels[k].kernel;
    }
  }
}

Eigen::VectorXd Surrogate::residuals(const PooledReadings& pooled) const {
  Eigen::VectorXd values = pooled.values;
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    values(i) -= mean_(seen_[static_cast<std::size_t>(i)]);
  }
  return values;
}

Eigen::VectorXd Surrogate::cross(const Features& at) const {
  Eigen::VectorXd column(static_cast<Eigen::Index>(seen_.size()));
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    column(static_cast<Eigen::Index>(i)) = kernel_(seen_[i], at);
  }
  return column;
}

std::vector<Belief> Surrogate::beliefs(std::span<const Features> at) const {
  const auto count = static_cast<Eigen::Index>(at.size());
  Eigen::MatrixXd crosses(static_cast<Eigen::Index>(seen_.size()), count);
  Eigen::VectorXd variances(count);
  for (Eigen::Index i = 0; i < count; ++i) {
    const Features& features = at[static_cast<std::size_t>(i)];
    crosses.col(i) = cross(features);
    variances(i) = kernel_(features, features);
  }
  std::vector<Belief> beliefs = process_->at(crosses, variances);
  for (std::size_t i = 0; i < at.size(); ++i) beliefs[i].mean += mean_(at[i]);
  return beliefs;
}

std::vector<Belief> Surrogate::gaps(std::span<const Features> at, const Features& from) const {
  const auto count = static_cast<Eigen::Index>(at.size());
  const Eigen::VectorXd origin = cross(from);
  const double own = kernel_(from, from);
  Eigen::MatrixXd crosses(static_cast<Eigen::Index>(seen_.size()), count);
  Eigen::VectorXd variances(count);
  for (Eigen::Index i = 0; i < count; ++i) {
    const Features& features = at[static_cast<std::size_t>(i)];
    crosses.col(i) = cross(features) - origin;
    variances(i) = kernel_(features, features) + own - 2 * kernel_(features, from);
  }
  std::vector<Belief> beliefs = process_->at(crosses, variances);
  const double level = mean_(from);
  for (std::size_t i = 0; i < at.size(); ++i) beliefs[i].mean += mean_(at[i]) - level;
  return beliefs;
}

}  // namespace autotune
