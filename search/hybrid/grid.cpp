#include "search/hybrid/grid.hpp"

#include <algorithm>
#include <cmath>

namespace autotune {

Grid::Grid(const SearchSpace& space) {
  for (std::size_t arm = 0; arm < space.arms.size(); ++arm) {
    begin_.push_back(batch_.size());
    for (const int batch : space.arms[arm].batches) {
      arm_.push_back(arm);
      batch_.push_back(batch);
      log_batch_.push_back(std::log(static_cast<double>(batch)));
    }
  }
  begin_.push_back(batch_.size());
}

Candidate Grid::candidate(std::size_t point) const { return {arm_[point], batch_[point]}; }

std::optional<std::size_t> Grid::at_most(std::size_t arm, double batch) const {
  const auto first = batch_.begin() + static_cast<std::ptrdiff_t>(begin(arm));
  const auto last = batch_.begin() + static_cast<std::ptrdiff_t>(end(arm));
  const auto above = std::upper_bound(first, last, batch);
  if (above == first) return std::nullopt;
  return static_cast<std::size_t>(above - batch_.begin()) - 1;
}

std::optional<std::size_t> Grid::find(const Candidate& candidate) const {
  if (candidate.arm >= arms()) return std::nullopt;
  const auto point = at_most(candidate.arm, candidate.batch);
  return point && batch_[*point] == candidate.batch ? point : std::nullopt;
}

}  // namespace autotune
