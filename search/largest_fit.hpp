#pragma once
#include <cstddef>
#include <optional>
#include <vector>

namespace autotune {

/// Finds the largest batch that runs: doubles until one fails, then halves the gap.
///
/// Takes running to be monotone in the batch, as memory is.
class LargestFit {
 public:
  /// @param batches in rising order
  explicit LargestFit(std::vector<int> batches);

  /// The batch to try; nothing once the answer is known.
  [[nodiscard]] std::optional<int> next() const;

  void tell(int batch, bool runs);

  /// The largest known to run.
  [[nodiscard]] std::optional<int> largest() const;

  /// The smallest known to fail.
  [[nodiscard]] std::optional<int> smallest_failure() const;

 private:
  std::vector<int> batches_;
  std::size_t running_ = 0;  ///< How many batches are known to run.
  std::size_t failing_;      ///< Index of the first known to fail; the count if none is.
};

}  // namespace autotune
