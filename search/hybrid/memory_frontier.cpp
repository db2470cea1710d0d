#include "search/hybrid/memory_frontier.hpp"

#include <algorithm>
#include <cmath>

namespace autotune {
namespace {

// A step that runs out of memory costs twenty times one that fits, so a bisection step aims low:
// at 0.3 it takes a tenth more steps than at the middle, and a third fewer of them fail.
constexpr double bisection_share = 0.3;

// Allocators round up: a line through two peaks is good to about 2 % (research on search, 1.2).
constexpr double line_error = 0.02;

bool outgrew(TrialStatus status) {
  return status == TrialStatus::out_of_memory || status == TrialStatus::timed_out ||
         status == TrialStatus::crashed;
}

}  // namespace

MemoryFrontier::MemoryFrontier(const Grid& grid, std::optional<std::uint64_t> limit)
    : grid_(&grid), arms_(grid.arms()) {
  if (limit) limit_ = static_cast<double>(*limit);
}

void MemoryFrontier::learn(std::size_t point, const Outcome& outcome) {
  ArmEdge& edge = arms_[grid_->arm(point)];
  const auto bytes = outcome.peak_memory_bytes
                         ? std::optional(static_cast<double>(*outcome.peak_memory_bytes))
                         : std::nullopt;
  if (bytes && !outgrew(outcome.status)) {
    edge.peaks.emplace_back(grid_->batch(point), *bytes);
    surely_fits_ = std::max(surely_fits_, *bytes);
  }
  if (outgrew(outcome.status) || (bytes && limit_ && *bytes > *limit_)) {
    edge.fails = std::min(edge.fails.value_or(point), point);
  } else {
    edge.fits = std::max(edge.fits.value_or(point), point);
  }
  if (outcome.status == TrialStatus::out_of_memory) learn_capacity(point);
}

void MemoryFrontier::learn_capacity(std::size_t point) {
  const auto peak = predicted_peak(point);
  if (peak && *peak > surely_fits_) surely_fails_ = std::min(surely_fails_, *peak);
}

std::optional<MemoryFrontier::Line> MemoryFrontier::line(const ArmEdge& edge) const {
  if (edge.peaks.empty()) return std::nullopt;
  const auto [low, high] = std::ranges::minmax_element(edge.peaks);
  if (low->first == high->first) return std::nullopt;
  const double slope =
      std::max((high->second - low->second) / (high->first - low->first), 0.0);
  return Line{high->second - slope * high->first, slope};
}

std::optional<double> MemoryFrontier::predicted_peak(std::size_t point) const {
  const auto known = line(arms_[grid_->arm(point)]);
  if (!known) return std::nullopt;
  return known->fixed + known->per_batch * grid_->batch(point);
}

std::optional<std::size_t> MemoryFrontier::last_within(std::size_t arm, double bytes) const {
  const auto known = line(arms_[arm]);
  if (!known) return std::nullopt;
  if (known->per_batch <= 0) return grid_->end(arm) - 1;
  return grid_->at_most(arm, (bytes - known->fixed) / known->per_batch);
}

std::size_t MemoryFrontier::first_try(std::size_t arm) const {
  const std::size_t last = grid_->end(arm) - 1;
  const ArmEdge& edge = arms_[arm];
  if (limit_) return last_within(arm, *limit_).value_or(last);
  // Where another arm ran out, what surely fits is tried before what may not.
  if (std::isfinite(surely_fails_)) {
    return std::max(last_within(arm, surely_fits_).value_or(last), *edge.fits + 1);
  }
  return last;
}

std::size_t MemoryFrontier::between(std::size_t arm, std::size_t fits, std::size_t fails) const {
  const std::size_t low = fits + 1, high = fails - 1;  // Both still open.
  // The line and what is known of the capacity narrow the range; then what surely fits comes first.
  const double sure = limit_ ? *limit_ : surely_fits_;
  if (const auto safe = last_within(arm, sure * (1 + 1e-9)); safe && *safe > fits) {
    return std::clamp(*safe, low, high);
  }
  std::size_t top = high;
  if (std::isfinite(surely_fails_)) {
    if (const auto last = last_within(arm, surely_fails_ * (1 + line_error))) {
      top = std::clamp(*last, low, high);
    }
  }
  return low + static_cast<std::size_t>(bisection_share * static_cast<double>(top - low));
}

std::optional<std::size_t> MemoryFrontier::next(std::size_t arm, double tolerance) const {
  const ArmEdge& edge = arms_[arm];
  const std::size_t begin = grid_->begin(arm), last = grid_->end(arm) - 1;
  if (edge.fails == begin) return std::nullopt;
  if (!edge.fits) return begin;
  if (edge.fits == last) return std::nullopt;
  const bool tells_memory = !edge.peaks.empty();
  if (tells_memory && !line(edge)) {
    // Far enough apart for the allocator's rounding, near enough to fit.
    const std::size_t second = std::min(*edge.fits + std::max<std::size_t>(1, (last - begin) / 64),
                                        edge.fails.value_or(last + 1) - 1);
    if (second > *edge.fits) return second;
  }
  if (!edge.fails) {
    const std::size_t attempt = first_try(arm);
    if (attempt > *edge.fits) return attempt;
    // The user's limit needs no failure to be known.
    return limit_ ? std::nullopt : std::optional(*edge.fits + 1);
  }
  if (*edge.fails - *edge.fits <= 1) return std::nullopt;
  const double gap = grid_->batch(*edge.fails) - grid_->batch(*edge.fits);
  if (gap <= tolerance * grid_->batch(*edge.fits)) return std::nullopt;
  return between(arm, *edge.fits, *edge.fails);
}

bool MemoryFrontier::may_fit(std::size_t point) const {
  const ArmEdge& edge = arms_[grid_->arm(point)];
  if (edge.fails && point >= *edge.fails) return false;
  if (!limit_ || (edge.fits && point <= *edge.fits)) return true;
  const auto peak = predicted_peak(point);
  return !peak || *peak <= *limit_;
}

std::optional<std::size_t> MemoryFrontier::largest_fit(std::size_t arm) const {
  return arms_[arm].fits;
}

}  // namespace autotune
