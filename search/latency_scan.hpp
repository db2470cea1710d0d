#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "search/largest_fit.hpp"

namespace autotune {

/// Finds out how long an iteration of one arm takes at every batch that runs.
///
/// First how far the batches go, by doubling and halving; then a probe of each batch, or of each
/// `stride`th where time is short, and then of all those round the best.
class LatencyScan {
 public:
  /// @param batches in rising order
  explicit LatencyScan(std::vector<int> batches);

  /// What to try to learn how far the batches go; nothing once that is known.
  [[nodiscard]] std::optional<int> next_fit() const { return fit_.next(); }

  /// @param runs without failure and within the memory limit
  void tell_fit(int batch, bool runs) { fit_.tell(batch, runs); }

  /// How many batches run. Meaningful once `next_fit` gives nothing.
  [[nodiscard]] std::size_t feasible() const;

  /// Probes every `stride`th batch that runs, the largest included.
  void begin_probes(std::size_t stride);
  [[nodiscard]] bool begun() const noexcept { return stride_ > 0; }

  /// The next batch to probe; nothing once all are.
  [[nodiscard]] std::optional<int> next_probe();

  void tell_probe(int batch, double latency_ms);

  /// Over the latency limit: of the larger batches only two more are probed, since latency may fall
  /// again where another kernel takes over.
  void tell_too_slow(int batch);

  /// The probed batches within the limits, the lowest latency per row first.
  [[nodiscard]] std::vector<int> ranked() const;

  /// The lowest latency per row; infinite before the first probe.
  [[nodiscard]] double best_ms_per_row() const;

 private:
  void refine();
  [[nodiscard]] std::size_t index_of(int batch) const;

  std::vector<int> batches_;
  LargestFit fit_;
  std::size_t stride_ = 0;
  bool refined_ = false;
  std::vector<std::size_t> queue_;   ///< Indices to probe, the next one last.
  std::set<std::size_t> asked_;      ///< Indices probed or being probed.
  std::size_t too_slow_;             ///< The first index over the latency limit.
  std::map<int, double> latencies_;  ///< By batch, within the limits.
};

}  // namespace autotune
