#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "autotune/searcher.hpp"

namespace autotune {

/// The configurations of a space, numbered: arm after arm, batches rising within each.
class Grid {
 public:
  explicit Grid(const SearchSpace& space);

  [[nodiscard]] std::size_t size() const noexcept { return arm_.size(); }
  [[nodiscard]] std::size_t arms() const noexcept { return begin_.size() - 1; }
  [[nodiscard]] std::size_t begin(std::size_t arm) const { return begin_[arm]; }
  [[nodiscard]] std::size_t end(std::size_t arm) const { return begin_[arm + 1]; }
  [[nodiscard]] std::size_t arm(std::size_t point) const { return arm_[point]; }
  [[nodiscard]] int batch(std::size_t point) const { return batch_[point]; }
  [[nodiscard]] double log_batch(std::size_t point) const { return log_batch_[point]; }
  [[nodiscard]] Candidate candidate(std::size_t point) const;

  /// Nothing if the space lacks it.
  [[nodiscard]] std::optional<std::size_t> find(const Candidate& candidate) const;

  /// The arm's last point of at most that batch; nothing if all are larger.
  [[nodiscard]] std::optional<std::size_t> at_most(std::size_t arm, double batch) const;

 private:
  std::vector<std::size_t> begin_;
  std::vector<std::size_t> arm_;
  std::vector<int> batch_;
  std::vector<double> log_batch_;  // Natural.
};

}  // namespace autotune
