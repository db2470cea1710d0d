#pragma once
#include <algorithm>
#include <optional>
#include <vector>

#include "search/hybrid/grid.hpp"

namespace autotune {

/// Of ln(milliseconds): surely between two bounds, equal where it was measured.
struct LatencyGuess {
  double mean = 0;
  double variance = 0;
  double low = 0;
  double high = 0;

  /// The chance that it is still `low`: that a jump between the two lies beyond; 1 where measured.
  double chance_of_low = 1;
};

/// What is known of the latency at every batch: measured where a step told it, between its
/// neighbours elsewhere. Latency is 100 times more repeatable than energy, and it is where the
/// edges are.
class LatencyCurve {
 public:
  explicit LatencyCurve(const Grid& grid);

  void learn(std::size_t point, double latency_ms, std::optional<double> p99_ms);

  [[nodiscard]] bool known(std::size_t point) const { return sums_[point].count > 0; }

  /// How many points are known, at least 1.
  [[nodiscard]] std::size_t count() const noexcept { return std::max<std::size_t>(count_, 1); }

  /// Between two known batches latency rises from the one to the other, and
  /// nothing tells where: an edge may be at either end. Nothing known of the arm: nothing.
  [[nodiscard]] std::optional<LatencyGuess> at(std::size_t point) const;

  /// The mean of what was told; nothing where nothing was.
  [[nodiscard]] std::optional<double> p99_ms(std::size_t point) const;

  /// Of one reading, standard deviation of the logarithm.
  [[nodiscard]] double scatter() const noexcept;

  /// The known points next to `point` in its arm, below and above.
  [[nodiscard]] std::optional<std::size_t> known_below(std::size_t point) const {
    return below_[point];
  }
  [[nodiscard]] std::optional<std::size_t> known_above(std::size_t point) const {
    return above_[point];
  }

 private:
  struct Sum {
    int count = 0;
    double log = 0;
    double log_p99 = 0;
    int p99_count = 0;
  };
  [[nodiscard]] double mean(std::size_t point) const {
    return sums_[point].log / sums_[point].count;
  }
  void become_neighbour(std::size_t point);

  const Grid* grid_;
  std::vector<Sum> sums_;
  std::vector<std::optional<std::size_t>> below_, above_;
  std::size_t count_ = 0;
  double squares_ = 0;  // Of repeated readings about their own mean.
  int degrees_ = 0;
};

}  // namespace autotune
