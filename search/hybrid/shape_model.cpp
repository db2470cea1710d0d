#include "search/hybrid/shape_model.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "search/hybrid/non_negative_least_squares.hpp"

namespace autotune {
namespace {

// On 94 recorded curves of language models the law errs by 2.6 % (median) and by 3.9 % left out;
// without the root term by 6.9 and 8.8 % (research on search, section 2).
constexpr int terms = 4;
constexpr double ridge = 0.02;
constexpr double level_shrinkage = 0.3;  // In points: an arm seen once keeps 77 % of its gap.
constexpr int alternations = 4;          // Shape and levels in turn; they settle in three.

// The residual: standard deviations of the logarithm (research on search, section 7, step 5).
struct ShapeScales {
  double trend = 0.08, arm = 0.10, local = 0.03, tile = 0.10, point = 0.005;
};
constexpr ShapeScales scales[] = {
    {.04, .10, .01, .03, .003},
    {.08, .10, .03, .10, .01},
    {.08, .10, .03, .25, .01},
    {.15, .20, .08, .10, .03},
};
constexpr double trend_length = 1.2;  // In doublings of the batch.
constexpr double trend_between_arms = 0.6;
constexpr double tiles_between_arms = 0.5;
constexpr double level_scale = 0.1;
constexpr double local_batches = 4;
constexpr double local_share = 0.04;

// Level, trend, tiles; and within an arm: the arm, what is near, the point alone.
KernelTerms terms_of(const Features& a, const Features& b) {
  const bool same_arm = a.arm == b.arm;
  const double tiles = std::inner_product(a.waste.begin(), a.waste.end(), b.waste.begin(), 0.0);
  KernelTerms found{
      1,
      (same_arm ? 1 : trend_between_arms) * matern_5_2(a.log2_batch - b.log2_batch, trend_length),
      (same_arm ? 1 : tiles_between_arms) * tiles};
  if (!same_arm) return found;
  const double reach = std::max(local_batches, local_share * std::sqrt(a.batch * b.batch));
  found[3] = 1;
  found[4] = std::exp(-std::abs(a.batch - b.batch) / reach);
  found[5] = a.point == b.point ? 1 : 0;
  return found;
}

KernelTerms variances(const ShapeScales& s) {
  return {level_scale * level_scale, s.trend * s.trend, s.tile * s.tile, s.arm * s.arm,
          s.local * s.local,         s.point * s.point};
}

Eigen::Vector4d terms_at(double batch, double largest) {
  return {1 / batch, 1 / std::sqrt(batch), 1, batch / largest};
}

double shape_at(const EnergyShape& shape, double batch) {
  const Eigen::Vector4d weights{shape.per_batch, shape.per_root_batch, shape.constant,
                                shape.rising};
  // The shape is of energies about 1, whatever they are counted in.
  constexpr double least_energy = 1e-12;
  return std::max(weights.dot(terms_at(batch, shape.largest)), least_energy);
}

void fit_terms(EnergyShape& shape, std::span<const Features> points,
               std::span<const double> log_energies) {
  const auto n = static_cast<Eigen::Index>(points.size());
  Eigen::MatrixXd a = Eigen::MatrixXd::Zero(n + terms, terms);
  Eigen::VectorXd b = Eigen::VectorXd::Zero(n + terms);
  // Each row is divided by its energy, so that errors count as shares of it.
  for (Eigen::Index i = 0; i < n; ++i) {
    const Features& point = points[static_cast<std::size_t>(i)];
    const double energy =
        std::exp(log_energies[static_cast<std::size_t>(i)] - shape.log_level[point.arm]);
    a.row(i) = terms_at(point.batch, shape.largest).transpose() / energy;
    b(i) = 1;
  }
  for (Eigen::Index term = 0; term < terms; ++term) {
    a(n + term, term) = ridge * a.col(term).head(n).norm();
  }
  const Eigen::VectorXd x = non_negative_least_squares(a, b);
  shape.per_batch = x(0);
  shape.per_root_batch = x(1);
  shape.constant = x(2);
  shape.rising = x(3);
}

void fit_levels(EnergyShape& shape, std::span<const Features> points,
                std::span<const double> log_energies) {
  struct Sum {
    double logs = 0, count = 0;
  };
  std::vector<Sum> sums(shape.log_level.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    Sum& sum = sums[points[i].arm];
    sum.logs += log_energies[i] - std::log(shape_at(shape, points[i].batch));
    sum.count += 1;
  }
  for (std::size_t arm = 0; arm < sums.size(); ++arm) {
    shape.log_level[arm] = sums[arm].logs / (sums[arm].count + level_shrinkage);
  }
}

}  // namespace

double EnergyShape::log_energy(const Features& at) const {
  return std::log(shape_at(*this, at.batch)) + log_level[at.arm];
}

EnergyShape fit_shape(std::span<const Features> points, std::span<const double> log_energies,
                      std::size_t arms) {
  EnergyShape shape{.log_level = std::vector<double>(arms, 0.0)};
  for (const Features& point : points) shape.largest = std::max(shape.largest, point.batch);
  std::vector<double> relative(log_energies.begin(), log_energies.end());
  const double mean = std::reduce(relative.begin(), relative.end()) /
                      static_cast<double>(std::max<std::size_t>(relative.size(), 1));
  for (double& energy : relative) energy -= mean;
  for (int i = 0; i < alternations; ++i) {
    fit_terms(shape, points, relative);
    fit_levels(shape, points, relative);
  }
  for (double& level : shape.log_level) level += mean;
  return shape;
}

double tile_waste(double units, int tile) noexcept {
  return std::min(1.5, std::ceil(units / tile) * tile / units - 1);
}

const KernelChoice& shape_kernels() {
  static const KernelChoice choice = [] {
    KernelChoice made{.terms = terms_of, .scatters = usual_scatters()};
    for (const ShapeScales& s : scales) made.kernels.push_back({variances(s)});
    return made;
  }();
  return choice;
}

}  // namespace autotune
