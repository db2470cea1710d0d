#pragma once
#include <array>
#include <functional>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "search/hybrid/gaussian_process.hpp"
#include "search/hybrid/noise.hpp"

namespace autotune {

/// Tiles in units of work (tokens, mostly): kernels work on whole tiles, and pay for the rest.
inline constexpr std::array<int, 7> tile_sizes = {4, 8, 16, 32, 64, 128, 256};

/// A configuration as the surrogates see it.
struct Features {
  std::size_t point = 0;  ///< Of the grid.
  std::size_t arm = 0;
  double batch = 1;
  double log2_batch = 0;
  double slack =
      0;  ///< ln(throughput / the arm's highest known), <= 0; what idle units would save.
  std::array<double, tile_sizes.size()> waste{};  ///< Share of each tile size that is padding.
};

/// What two configurations have in common, part by part: covariances of variance 1, or products of
/// features.
using KernelTerms = std::array<double, 6>;

/// A sum of terms, each times a variance. Those to choose from have the terms in common, so that
/// these are worked out once for all of them.
struct Kernel {
  KernelTerms (*terms)(const Features&, const Features&) = nullptr;
  KernelTerms variances{};

  [[nodiscard]] double operator()(const Features& a, const Features& b) const {
    const KernelTerms found = terms(a, b);
    return std::inner_product(found.begin(), found.end(), variances.begin(), 0.0);
  }
};

using MeanFunction = std::function<double(const Features&)>;

/// What a surrogate may choose from: the likelihood decides, and before it speaks the prior.
struct KernelChoice {
  struct Option {
    KernelTerms variances{};
    double log_prior = 0;
  };
  KernelTerms (*terms)(const Features&, const Features&) = nullptr;
  std::vector<Option> kernels;
  std::vector<double> scatters;  ///< Of one window; the usual ones.
};

/// Windows of a few configurations, and from them a belief about any other: a Gaussian process
/// round a given mean, with kernel and scatter chosen by marginal likelihood.
class Surrogate {
 public:
  using Describe = std::function<Features(std::size_t point)>;

  /// Chooses anew where `choice` is given, else keeps what was chosen before.
  void learn(std::span<const LogReading> readings, const Describe& describe,
             const MeanFunction& mean, const KernelChoice* choice);

  [[nodiscard]] bool ready() const noexcept { return process_.has_value(); }
  [[nodiscard]] const WindowNoise& noise() const noexcept { return noise_; }
  [[nodiscard]] std::vector<Belief> beliefs(std::span<const Features> at) const;

  /// The mean of the belief, at a fraction of its cost.
  [[nodiscard]] double mean(const Features& at) const;

  /// Of the value at each point less that at `from`.
  [[nodiscard]] std::vector<Belief> gaps(std::span<const Features> at, const Features& from) const;

 private:
  class Terms;  ///< Of all pairs of what was seen.

  void choose(std::span<const LogReading> readings, const KernelChoice& choice, const Terms& terms);
  [[nodiscard]] Eigen::VectorXd residuals(const PooledReadings& pooled) const;
  [[nodiscard]] Eigen::VectorXd cross(const Features& at) const;

  struct Chosen {
    std::size_t kernel = 0, scatter = 0;  // Of the choice given.
  };

  MeanFunction mean_;
  std::optional<Chosen> chosen_;
  std::vector<Features> seen_;
  Kernel kernel_;
  WindowNoise noise_;
  std::optional<GaussianProcess> process_;
};

}  // namespace autotune
