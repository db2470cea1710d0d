#include "search/hybrid/non_negative_least_squares.hpp"

#include <vector>

namespace autotune {
namespace {

// Shares of the largest value: what is this small is rounding.
constexpr double zero_share = 1e-12;
constexpr double gradient_share = 1e-10;

/// Least squares over the free unknowns; the others are 0.
Eigen::VectorXd solve_free(const Eigen::MatrixXd& normal, const Eigen::VectorXd& right,
                           const std::vector<Eigen::Index>& free) {
  const Eigen::MatrixXd part = normal(free, free);
  const Eigen::VectorXd solved = part.ldlt().solve(right(free).eval());
  Eigen::VectorXd x = Eigen::VectorXd::Zero(right.size());
  for (std::size_t i = 0; i < free.size(); ++i) x(free[i]) = solved(static_cast<Eigen::Index>(i));
  return x;
}

/// Walks from the feasible `x` towards `target` as far as all stay non-negative, and frees those
/// that reach 0 no longer.
void walk(Eigen::VectorXd& x, const Eigen::VectorXd& target, std::vector<Eigen::Index>& free) {
  double share = 1;
  for (const Eigen::Index i : free) {
    if (target(i) <= 0) share = std::min(share, x(i) / (x(i) - target(i)));
  }
  const double zero = zero_share * std::max(x.maxCoeff(), target.maxCoeff());
  x += share * (target - x);
  std::erase_if(free, [&](Eigen::Index i) { return target(i) <= 0 && x(i) <= zero; });
}

}  // namespace

Eigen::VectorXd non_negative_least_squares(const Eigen::MatrixXd& a, const Eigen::VectorXd& b) {
  const Eigen::MatrixXd normal = a.transpose() * a;
  const Eigen::VectorXd right = a.transpose() * b;
  Eigen::VectorXd x = Eigen::VectorXd::Zero(a.cols());
  std::vector<Eigen::Index> free;
  const double flat = gradient_share * right.cwiseAbs().maxCoeff();
  for (Eigen::Index rounds = 0; rounds < 3 * a.cols(); ++rounds) {
    Eigen::VectorXd gradient = right - normal * x;
    for (const Eigen::Index i : free) gradient(i) = 0;
    Eigen::Index steepest = 0;
    if (gradient.maxCoeff(&steepest) <= flat) break;
    free.push_back(steepest);
    while (!free.empty()) {
      const Eigen::VectorXd target = solve_free(normal, right, free);
      bool inside = true;
      for (const Eigen::Index i : free) inside = inside && target(i) > 0;
      if (inside) {
        x = target;
        break;
      }
      walk(x, target, free);
    }
  }
  return x;
}

}  // namespace autotune
