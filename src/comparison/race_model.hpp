#pragma once
#include <span>
#include <vector>

#include "comparison/scatter.hpp"

namespace autotune {

/// A race's windows explained: ln E = level + drift + heat + noise.
struct RaceModel {
  ModelShape shape;
  LinearFit fit;
  std::vector<RaceRow> rows;
  std::vector<ScatterGroup> groups;
};

/// @param windows of configurations that rounds link, at least one
[[nodiscard]] RaceModel explain(std::span<const RoundWindow> windows, std::size_t configurations);

/// The part of the levels' covariance that comes from one group's noise.
[[nodiscard]] Eigen::MatrixXd level_covariance(const RaceModel& model, const ScatterGroup& group);

}  // namespace autotune
