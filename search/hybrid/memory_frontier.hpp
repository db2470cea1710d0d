#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "autotune/searcher.hpp"
#include "search/hybrid/grid.hpp"

namespace autotune {

/// How far the batches of each arm go: peak memory is a line, W + b·A, and what fits at one batch
/// fits at every smaller one. The device's capacity is the same for all arms, so what one arm
/// learns of it the hard way the others know.
class MemoryFrontier {
 public:
  /// @param limit on peak memory, the user's
  MemoryFrontier(const Grid& grid, std::optional<std::uint64_t> limit);

  /// What came of a step at `point`, of whatever kind.
  void learn(std::size_t point, const Outcome& outcome);

  /// The batch to try next: two small ones for the line, then up it until one fails, or straight to
  /// where it meets the capacity that other arms found; then bisection, until the edge is known to
  /// within `tolerance` of the batch. Without peaks the largest first, then bisection.
  [[nodiscard]] std::optional<std::size_t> next(std::size_t arm, double tolerance) const;

  /// Not known to fail, nor predicted to break the user's limit or the device's.
  [[nodiscard]] bool may_fit(std::size_t point) const;

  /// The arm's largest point known to fit; nothing before the first success.
  [[nodiscard]] std::optional<std::size_t> largest_fit(std::size_t arm) const;

 private:
  struct Line {
    double fixed = 0;      // W, bytes
    double per_batch = 0;  // A
  };
  struct ArmEdge {
    std::optional<std::size_t> fits;               // The largest that did.
    std::optional<std::size_t> fails;              // The smallest that did not.
    std::vector<std::pair<double, double>> peaks;  // batch, bytes
    bool line_failed = false;  // What the line said would fit did not; until the next peak.
  };
  [[nodiscard]] std::optional<Line> line(const ArmEdge& edge) const;
  [[nodiscard]] std::optional<double> predicted_peak(std::size_t point) const;
  [[nodiscard]] std::optional<std::size_t> last_within(std::size_t arm, double bytes) const;
  [[nodiscard]] std::optional<std::size_t> second_for_line(std::size_t arm) const;
  [[nodiscard]] std::size_t first_try(std::size_t arm) const;
  [[nodiscard]] std::size_t between(std::size_t arm, std::size_t fits, std::size_t fails) const;
  [[nodiscard]] double surely_fails() const;
  [[nodiscard]] bool trusts_line(std::size_t arm) const;
  [[nodiscard]] bool outgrows(std::size_t point) const;

  const Grid* grid_;
  std::optional<double> limit_;
  std::vector<ArmEdge> arms_;
  double surely_fits_ = 0;  // Bytes: the largest peak seen on the device.
  std::vector<std::size_t> out_of_memory_;
};

}  // namespace autotune
