#include "comparison/linear_model.hpp"

#include <Eigen/Cholesky>
#include <array>

namespace autotune {
namespace {

struct Term {
  Eigen::Index column = 0;
  double value = 0;
};

/// The columns in which a row is not zero: its configuration, two knots and heat.
std::array<Term, 4> terms(const RaceRow& row, const ModelShape& shape) {
  const auto column = [](std::size_t index) { return static_cast<Eigen::Index>(index); };
  const std::size_t knot = shape.configurations + row.knot;
  const bool between = row.share != 0;
  return {Term{column(row.configuration), 1}, Term{column(knot), 1 - row.share},
          Term{column(between ? knot + 1 : knot), row.share},
          Term{shape.heat ? shape.size() - 1 : 0, shape.heat ? row.heat : 0}};
}

/// Levels and drift share a constant; the drift's mean is held at zero, so that a level is the
/// energy at the race's mean conditions.
void hold_mean_drift(Eigen::MatrixXd& normal, const ModelShape& shape) {
  const auto first = static_cast<Eigen::Index>(shape.configurations);
  const auto knots = static_cast<Eigen::Index>(shape.knots);
  const double share = 1.0 / static_cast<double>(shape.knots);
  normal.block(first, first, knots, knots).array() += share * share;
}

}  // namespace

Eigen::MatrixXd normal_matrix(std::span<const RaceRow> rows, const ModelShape& shape) {
  Eigen::MatrixXd normal = Eigen::MatrixXd::Zero(shape.size(), shape.size());
  for (const RaceRow& row : rows) {
    const auto row_terms = terms(row, shape);
    for (const Term& a : row_terms) {
      for (const Term& b : row_terms) normal(a.column, b.column) += row.weight * a.value * b.value;
    }
  }
  return normal;
}

double predict(const RaceRow& row, const ModelShape& shape, const Eigen::VectorXd& parameters) {
  double sum = 0;
  for (const Term& term : terms(row, shape)) sum += term.value * parameters(term.column);
  return sum;
}

LinearFit fit(std::span<const RaceRow> rows, const ModelShape& shape,
              const std::function<double(const RaceRow&)>& response) {
  // A column that no row fills must not make the matrix singular; the shift is far below what any
  // window's noise tells.
  constexpr double ridge = 1e-12, least_pivot = 1e-7;
  Eigen::MatrixXd normal = normal_matrix(rows, shape);
  hold_mean_drift(normal, shape);
  normal.diagonal().array() += ridge;
  Eigen::VectorXd right = Eigen::VectorXd::Zero(shape.size());
  for (const RaceRow& row : rows) {
    for (const Term& term : terms(row, shape)) {
      right(term.column) += row.weight * term.value * response(row);
    }
  }
  const Eigen::LDLT<Eigen::MatrixXd> factors(normal);
  LinearFit result{factors.solve(right),
                   factors.solve(Eigen::MatrixXd::Identity(shape.size(), shape.size()))};
  // The condition on the drift is one rank that no window pays for.
  result.rank = static_cast<int>((factors.vectorD().array() > least_pivot).count()) - 1;
  result.degrees = static_cast<double>(rows.size()) - result.rank;
  for (const RaceRow& row : rows) {
    const double residual = response(row) - predict(row, shape, result.parameters);
    result.squares += row.weight * residual * residual;
  }
  return result;
}

LinearFit fit(std::span<const RaceRow> rows, const ModelShape& shape) {
  return fit(rows, shape, [](const RaceRow& row) { return row.log_joules; });
}

}  // namespace autotune
