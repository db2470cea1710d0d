#include "search/hybrid/surrogate.hpp"

#include <cmath>
#include <limits>

namespace autotune {
namespace {

// What scatter is expected before the windows tell: a few of them can lie close by chance. Energy
// counters over a second scatter by 0.5 to 3 % (docs/search.md#noise).
constexpr double usual_scatter = 0.022;
constexpr double usual_spread = 0.6;  // Of its logarithm.

double log_prior(double scatter) {
  const double surprise = std::log(scatter / usual_scatter) / usual_spread;
  return -0.5 * surprise * surprise;
}

// Beyond so many configurations a choice among all pairs would cost a tenth of a second.
constexpr std::size_t most_for_all_pairs = 48;

}  // namespace

/// Of all pairs of some configurations, term by term.
class Surrogate::Terms {
 public:
  Terms(KernelTerms (*terms)(const Features&, const Features&), const std::vector<Features>& at) {
    const auto n = static_cast<Eigen::Index>(at.size());
    for (Eigen::MatrixXd& matrix : matrices_) matrix.resize(n, n);
    for (Eigen::Index i = 0; i < n; ++i) {
      for (Eigen::Index j = 0; j <= i; ++j) {
        const KernelTerms found =
            terms(at[static_cast<std::size_t>(i)], at[static_cast<std::size_t>(j)]);
        for (std::size_t term = 0; term < found.size(); ++term) {
          matrices_[term](i, j) = matrices_[term](j, i) = found[term];
        }
      }
    }
  }

  [[nodiscard]] Eigen::MatrixXd covariance(const KernelTerms& variances) const {
    Eigen::MatrixXd sum = variances[0] * matrices_[0];
    for (std::size_t term = 1; term < variances.size(); ++term) {
      sum += variances[term] * matrices_[term];
    }
    return sum;
  }

 private:
  std::array<Eigen::MatrixXd, std::tuple_size_v<KernelTerms>> matrices_;
};

void Surrogate::learn(std::span<const LogReading> readings, const Describe& describe,
                      const MeanFunction& mean, const KernelChoice* choice) {
  mean_ = mean;
  seen_.clear();
  for (const std::size_t point : gathered_points(readings)) seen_.push_back(describe(point));
  const Terms terms(choice ? choice->terms : kernel_.terms, seen_);
  if (choice) choose(readings, *choice, terms);
  const PooledReadings pooled = gather(readings, noise_);
  process_.emplace(terms.covariance(kernel_.variances), pooled.covariance, residuals(pooled));
}

/// Every pair of kernel and scatter where that is cheap; else the scatters next to the present one
/// with the present kernel, and then every kernel with the best of these.
void Surrogate::choose(std::span<const LogReading> readings, const KernelChoice& choice,
                       const Terms& terms) {
  const bool all = !chosen_ || seen_.size() <= most_for_all_pairs;
  if (!chosen_) chosen_ = Chosen{};
  const std::size_t last = choice.scatters.size() - 1;
  const std::size_t from = all || chosen_->scatter == 0 ? 0 : chosen_->scatter - 1;
  const std::size_t to = all ? last : std::min(chosen_->scatter + 1, last);
  double best = -std::numeric_limits<double>::infinity();
  const auto consider = [&](std::size_t kernel, std::size_t scatter, const PooledReadings& pooled) {
    const KernelChoice::Option& option = choice.kernels[kernel];
    const GaussianProcess process(terms.covariance(option.variances), pooled.covariance,
                                  residuals(pooled));
    const double likelihood = process.log_likelihood() + pooled.log_likelihood +
                              log_prior(choice.scatters[scatter]) + option.log_prior;
    if (likelihood <= best) return;
    best = likelihood;
    chosen_ = Chosen{kernel, scatter};
  };
  const std::size_t present = chosen_->kernel;
  for (std::size_t scatter = from; scatter <= to; ++scatter) {
    noise_.scatter = choice.scatters[scatter];
    const PooledReadings pooled = gather(readings, noise_);
    if (!all) consider(present, scatter, pooled);
    for (std::size_t k = 0; all && k < choice.kernels.size(); ++k) consider(k, scatter, pooled);
  }
  noise_.scatter = choice.scatters[chosen_->scatter];
  if (!all) {
    const PooledReadings pooled = gather(readings, noise_);
    const std::size_t scatter = chosen_->scatter;
    for (std::size_t k = 0; k < choice.kernels.size(); ++k) {
      if (k != present) consider(k, scatter, pooled);
    }
  }
  kernel_ = {choice.terms, choice.kernels[chosen_->kernel].variances};
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

double Surrogate::mean(const Features& at) const { return process_->mean(cross(at)) + mean_(at); }

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
