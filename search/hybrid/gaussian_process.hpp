#pragma once
#include <Eigen/Dense>
#include <vector>

namespace autotune {

/// What is believed of a value: normal, on the log scale everywhere in the search.
struct Belief {
  double mean = 0;
  double variance = 0;
};

/// A zero-mean Gaussian process seen through noise at n points: closed form, by Cholesky.
///
/// Knows no kernel: whoever asks gives covariances. Meant for n <= 250.
class GaussianProcess {
 public:
  /// @param prior n × n covariance of the function at the points
  /// @param noise n × n covariance of the noise
  GaussianProcess(const Eigen::MatrixXd& prior, const Eigen::MatrixXd& noise,
                  Eigen::VectorXd values);

  /// Of the values under the prior and the noise, natural logarithm.
  [[nodiscard]] double log_likelihood() const;

  /// @param cross covariance of the function here and at the n points
  [[nodiscard]] double mean(const Eigen::Ref<const Eigen::VectorXd>& cross) const {
    return cross.dot(weights_);
  }

  /// @param cross as above
  /// @param prior_variance of the function here, before anything was seen
  [[nodiscard]] Belief at(const Eigen::Ref<const Eigen::VectorXd>& cross,
                          double prior_variance) const;

  /// The same for many points at once, one column of `cross` each.
  [[nodiscard]] std::vector<Belief> at(const Eigen::MatrixXd& cross,
                                       const Eigen::VectorXd& prior_variances) const;

 private:
  Eigen::VectorXd values_;
  Eigen::LLT<Eigen::MatrixXd> factor_;
  Eigen::VectorXd weights_;  // (prior + noise)^-1 values
};

/// Matérn's kernel with smoothness 5/2 and variance 1: smooth, and not too smooth.
[[nodiscard]] double matern_5_2(double distance, double length) noexcept;

}  // namespace autotune
