#include "search/hybrid/latency_curve.hpp"

#include <cmath>

namespace autotune {
namespace {

// The scatter to begin with, and how many repeats it counts for. 1,000 repeats of one kernel
// scatter by 0.02 %, whole models by less than 0.5 % (research on search, section 0).
constexpr double usual_scatter = 0.004;
constexpr int usual_weight = 3;

// Latency seldom falls from one batch to a larger one, and then by little.
constexpr double doubt = 0.005;

// Between two batches latency grows in proportion, bit by bit, or jumps once. A rise this far
// beyond proportion is a jump nearly always; another may be one.
constexpr double clear_jump = 0.02;
constexpr double chance_of_clear_jump = 0.9;
constexpr double chance_of_jump = 0.3;

}  // namespace

LatencyCurve::LatencyCurve(const Grid& grid)
    : grid_(&grid), sums_(grid.size()), below_(grid.size()), above_(grid.size()) {}

void LatencyCurve::learn(std::size_t point, double latency_ms, std::optional<double> p99_ms) {
  Sum& sum = sums_[point];
  const double value = std::log(latency_ms);
  if (sum.count == 0) {
    become_neighbour(point);
    ++count_;
  } else {
    // Welford: what this reading adds to the squares about the mean.
    const double gap = value - mean(point);
    squares_ += gap * gap * sum.count / (sum.count + 1);
    ++degrees_;
  }
  ++sum.count;
  sum.log += value;
  if (p99_ms) {
    ++sum.p99_count;
    sum.log_p99 += std::log(*p99_ms);
  }
}

double LatencyCurve::scatter() const noexcept {
  const double prior = usual_weight * usual_scatter * usual_scatter;
  return std::sqrt((prior + squares_) / (usual_weight + degrees_));
}

void LatencyCurve::become_neighbour(std::size_t point) {
  const std::size_t arm = grid_->arm(point);
  for (std::size_t other = point; other-- > grid_->begin(arm);) {
    above_[other] = point;
    if (known(other)) break;
  }
  for (std::size_t other = point + 1; other < grid_->end(arm); ++other) {
    below_[other] = point;
    if (known(other)) break;
  }
}

std::optional<LatencyGuess> LatencyCurve::at(std::size_t point) const {
  const double noise = scatter() * scatter();
  if (known(point)) {
    return LatencyGuess{mean(point), noise / sums_[point].count, mean(point), mean(point)};
  }
  const auto below = known_below(point);
  const auto above = known_above(point);
  if (!below && !above) return std::nullopt;
  // Beyond the known ones it lies between flat and proportional to the batch.
  const auto proportional = [&](std::size_t from) {
    return mean(from) + grid_->log_batch(point) - grid_->log_batch(from);
  };
  const double low = below ? mean(*below) : proportional(*above);
  const double high = above ? mean(*above) : proportional(*below);
  double share = 0.5;
  if (below && above) {
    share = static_cast<double>(grid_->batch(point) - grid_->batch(*below)) /
            (grid_->batch(*above) - grid_->batch(*below));
  }
  const double width = std::abs(high - low);
  // A uniform distribution's variance, for want of a better one.
  LatencyGuess guess{low + share * (high - low), width * width / 12 + doubt * doubt + noise,
                     std::min(low, high) - doubt, std::max(low, high) + doubt, 0};
  if (below && above) {
    const double rows = grid_->log_batch(*above) - grid_->log_batch(*below);
    const double jump = high - low > rows + clear_jump ? chance_of_clear_jump : chance_of_jump;
    guess.chance_of_low =
        jump * static_cast<double>(*above - point) / static_cast<double>(*above - *below);
  }
  return guess;
}

std::optional<double> LatencyCurve::p99_ms(std::size_t point) const {
  const Sum& sum = sums_[point];
  if (sum.p99_count == 0) return std::nullopt;
  return std::exp(sum.log_p99 / sum.p99_count);
}

}  // namespace autotune
