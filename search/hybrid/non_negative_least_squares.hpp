#pragma once
#include <Eigen/Dense>

namespace autotune {

/// The x >= 0 that minimises |a x - b|: Lawson and Hanson's active sets, exact for the handful of
/// unknowns meant here.
[[nodiscard]] Eigen::VectorXd non_negative_least_squares(const Eigen::MatrixXd& a,
                                                         const Eigen::VectorXd& b);

}  // namespace autotune
