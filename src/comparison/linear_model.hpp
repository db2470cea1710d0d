#pragma once
#include <Eigen/Core>
#include <cstddef>
#include <functional>
#include <span>

#include "comparison/race_rows.hpp"

namespace autotune {

/// The columns of the model: a level per configuration, a knot per round and, perhaps, heat.
struct ModelShape {
  std::size_t configurations = 0;
  std::size_t knots = 0;
  bool heat = false;

  [[nodiscard]] Eigen::Index size() const noexcept {
    return static_cast<Eigen::Index>(configurations + knots + (heat ? 1 : 0));
  }
};

/// Weighted least squares over a race's windows.
struct LinearFit {
  Eigen::VectorXd parameters;
  Eigen::MatrixXd inverse;  ///< Of the normal matrix, the drift's mean held at zero.
  double squares = 0;       ///< Weighted sum of squared residuals.
  double degrees = 0;       ///< Rows less the rank of the model.
  int rank = 0;
};

/// Σ weight · x xᵀ over the rows.
[[nodiscard]] Eigen::MatrixXd normal_matrix(std::span<const RaceRow> rows, const ModelShape& shape);

/// @param response what to explain; the log energy unless another is named
[[nodiscard]] LinearFit fit(std::span<const RaceRow> rows, const ModelShape& shape,
                            const std::function<double(const RaceRow&)>& response);
[[nodiscard]] LinearFit fit(std::span<const RaceRow> rows, const ModelShape& shape);

/// What the model makes of a row.
[[nodiscard]] double predict(const RaceRow& row, const ModelShape& shape,
                             const Eigen::VectorXd& parameters);

}  // namespace autotune
