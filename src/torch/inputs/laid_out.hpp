#pragma once
#include <ATen/core/ivalue.h>

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "torch/inputs/inputs.hpp"

namespace autotune {

/// The batches that the iterations of one configuration take, laid out before any is timed. Each is
/// contiguous and as aligned as a tensor that a service allocates for a request.
class LaidOut {
 public:
  /// Lays out the batches of `batch` rows from `first_row` on, cyclically, until `most_bytes` are
  /// copied or some thousand batches are ready; the others are gathered when they are asked for.
  LaidOut(const Inputs& inputs, int batch, std::int64_t first_row,
          std::uint64_t most_bytes = default_bytes);

  /// Whether the batch that starts at `row` is one of them.
  [[nodiscard]] bool serves(int batch, std::int64_t row) const;

  /// Arguments with the rows from `row` on.
  [[nodiscard]] std::vector<c10::IValue> at(std::int64_t row) const;

  /// What was copied beside the inputs.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

  /// The arguments of one iteration.
  [[nodiscard]] std::uint64_t batch_bytes() const noexcept { return batch_bytes_; }

 private:
  static constexpr std::uint64_t default_bytes = std::uint64_t{1} << 30;

  [[nodiscard]] std::vector<c10::IValue> aligned(std::int64_t row);

  int rows_;
  int batch_;
  std::int64_t step_;  ///< Starts lie so many rows apart, from `offset_` on.
  std::int64_t offset_;
  Inputs rolled_;                   ///< The rows, and those that follow the last one cyclically.
  std::set<const void*> storages_;  ///< Of `rolled_`.
  std::uint64_t bytes_ = 0;
  std::uint64_t batch_bytes_ = 0;
  std::map<std::int64_t, std::vector<c10::IValue>> batches_;  ///< By their first row.
};

}  // namespace autotune
