#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "autotune/searcher.hpp"
#include "search/hybrid/grid.hpp"

namespace autotune {

/// The arm's points worth a first look: the last batch of each whole number of tiles in the upper
/// range, the largest, and the largest powers of two. Between edges energy falls as 1/b, so the
/// best batch is the last before an edge, or the largest of all.
/// @param last the largest point that fits
/// @param units_per_row edges lie at multiples of tiles in units: b = floor(multiple / units)
/// @return rising, without repeats
[[nodiscard]] std::vector<std::size_t> edge_points(const Grid& grid, std::size_t arm,
                                                   std::size_t last, double units_per_row,
                                                   const std::vector<int>& prior_edges);

[[nodiscard]] bool is_power_of_two(int batch) noexcept;

}  // namespace autotune
