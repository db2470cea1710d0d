#pragma once
#include <optional>
#include <span>
#include <string>

#include "autotune/searcher.hpp"
#include "autotune/trial.hpp"

namespace autotune {

/// What is known of one configuration of the workload elsewhere.
struct PriorPoint {
  std::string arm;  ///< As the search space names it.
  int batch = 1;
  double joules_per_unit = 0;
  std::optional<Interval> ci95;
};

/// What an earlier tune of the same workload, mostly on other hardware, says about where to look.
///
/// Edges are the batches after which the energy per unit rises by more than 3 % up to the arm's
/// next measured batch, beyond both intervals where there are any; promising are the five best.
/// Neither the level nor the answer carries over: from one GPU to the next the best batch alone
/// costs 5 to 7 % (median of recorded curves), while measuring the five best again costs nothing.
///
/// @param trials as in `Profile::trials`
/// @param space arms are matched by `to_string(Arm)`; what it lacks is passed over
[[nodiscard]] SearchPrior prior_from(std::span<const Trial> trials, const SearchSpace& space);

/// The same of figures that are no trials.
[[nodiscard]] SearchPrior prior_from_points(std::span<const PriorPoint> points,
                                            const SearchSpace& space);

}  // namespace autotune
