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
  /// within `tolerance` of the batch. Without peaks the largest first, then bisection,
  /// as where one hung or crashed.
  [[nodiscard]] std::optional<std::size_t> next(std::size_t arm, double tolerance) const;

  /// Not known to fail, nor predicted to break the user's limit or the device's.
  [[nodiscard]] bool may_fit(std::size_t point) const;

  /// The arm's largest point known to fit; nothing before the first success.
  [[nodiscard]] std::optional<std::size_t> largest_fit(std::size_t arm) const;

 private:
  struct Peak {
    double batch = 0;
    double bytes = 0;
  };
  struct ArmEdge {
    std::optional<std::size_t> fits;   // The largest that did.
    std::optional<std::size_t> fails;  // The smallest that did not.
    std::optional<Peak> low, high;     // The line goes through them.
    std::vector<double> line_errors;   // Of what it foretold, as shares.
    bool line_failed = false;          // What it said would fit did not; until the next peak.
    bool not_of_memory = false;        // Larger batches fail for another reason: no line tells.

    [[nodiscard]] bool has_line() const { return low && low->batch < high->batch; }
    [[nodiscard]] double slope() const;
    [[nodiscard]] double peak_at(double batch) const;
    [[nodiscard]] double line_error() const;
    void learn_peak(const Peak& peak);
  };
  [[nodiscard]] std::optional<std::size_t> last_within(std::size_t arm, double bytes) const;
  [[nodiscard]] std::optional<std::size_t> second_for_line(std::size_t arm) const;
  [[nodiscard]] std::size_t first_try(std::size_t arm) const;
  [[nodiscard]] std::optional<std::size_t> first_failure(std::size_t arm) const;
  [[nodiscard]] bool trusts_line(std::size_t arm) const;
  [[nodiscard]] bool outgrows(std::size_t point) const;
  void find_capacity();

  const Grid* grid_;
  std::optional<double> limit_;
  std::vector<ArmEdge> arms_;
  double surely_fits_ = 0;  // Bytes: the largest peak seen on the device.
  double surely_fails_ = std::numeric_limits<double>::infinity();
  std::vector<std::size_t> out_of_memory_;
};

}  // namespace autotune
