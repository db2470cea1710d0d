#include "search/hybrid/memory_frontier.hpp"

#include <algorithm>
#include <cmath>
#include <ranges>

namespace autotune {
namespace {

// A step that runs out of memory costs twenty times one that fits, so a bisection step aims low:
// at 0.3 it takes a tenth more steps than at the middle, and a third fewer of them fail.
constexpr double bisection_share = 0.3;

// Allocators round up: a line between far peaks is good to this near them.
constexpr double line_error = 0.005;

// Up an arm's line by so much of its memory at a time: of two failures one is saved, for steps that
// fit and cost a twentieth.
constexpr double stride_up = 1.4;

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
  const std::size_t arm = grid_->arm(point);
  ArmEdge& edge = arms_[arm];
  const bool grew = outgrew(outcome.status);
  const bool tells = outcome.peak_memory_bytes.has_value() && !grew;
  const auto bytes = static_cast<double>(outcome.peak_memory_bytes.value_or(0));
  if (tells) {
    edge.peaks.emplace_back(grid_->batch(point), bytes);
    edge.line_failed = false;
    surely_fits_ = std::max(surely_fits_, bytes);
  }
  if (!grew && !(tells && limit_ && bytes > *limit_)) {
    edge.fits = std::max(edge.fits.value_or(point), point);
    return;
  }
  edge.fails = std::min(edge.fails.value_or(point), point);
  if (outcome.status != TrialStatus::out_of_memory) return;
  out_of_memory_.push_back(point);
  edge.line_failed = predicted_peak(point).value_or(0) <= surely_fits_;
}

double MemoryFrontier::surely_fails() const {
  double least = std::numeric_limits<double>::infinity();
  // Told by today's lines: they get better with every peak.
  for (const std::size_t point : out_of_memory_) {
    const auto peak = predicted_peak(point);
    if (peak && *peak > surely_fits_) least = std::min(least, *peak);
  }
  return least;
}

bool MemoryFrontier::trusts_line(std::size_t arm) const {
  return line(arms_[arm]).has_value() && !arms_[arm].line_failed;
}

bool MemoryFrontier::outgrows(std::size_t point) const {
  const std::size_t arm = grid_->arm(point);
  if (arms_[arm].fits && point <= *arms_[arm].fits) return false;
  if (!trusts_line(arm)) return false;
  const double peak = *predicted_peak(point);
  return (limit_ && peak > *limit_) || peak > surely_fails() * (1 + line_error);
}

std::optional<MemoryFrontier::Line> MemoryFrontier::line(const ArmEdge& edge) const {
  if (edge.peaks.empty()) return std::nullopt;
  const auto [low, high] = std::ranges::minmax_element(edge.peaks);
  if (low->first == high->first) return std::nullopt;
  const double slope = std::max((high->second - low->second) / (high->first - low->first), 0.0);
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
  if (!trusts_line(arm)) return last;
  if (limit_) return last_within(arm, *limit_).value_or(last);
  // What is known to fit on the device comes first; then up the line.
  const double own = std::ranges::max(arms_[arm].peaks | std::views::values);
  const double known = std::max(surely_fits_, own * stride_up);
  return last_within(arm, std::isfinite(surely_fails()) ? surely_fits_ : known).value_or(last);
}

std::size_t MemoryFrontier::between(std::size_t arm, std::size_t fits, std::size_t fails) const {
  const std::size_t low = fits + 1, high = fails - 1;  // Both still open.
  std::size_t top = high;
  if (trusts_line(arm)) {
    const double sure = (limit_ ? *limit_ : surely_fits_) * (1 + 1e-9);
    if (const auto safe = last_within(arm, sure); safe && *safe > fits) {
      return std::clamp(*safe, low, high);
    }
    const auto unsure = last_within(arm, std::min(surely_fails() * (1 + line_error), 1e18));
    if (unsure) top = std::clamp(*unsure, low, high);
  }
  return low + static_cast<std::size_t>(bisection_share * static_cast<double>(top - low));
}

std::optional<std::size_t> MemoryFrontier::second_for_line(std::size_t arm) const {
  const ArmEdge& edge = arms_[arm];
  if (edge.peaks.empty() || line(edge)) return std::nullopt;
  // Far enough apart for the allocator's rounding, near enough to fit.
  const std::size_t step = std::max<std::size_t>(1, (grid_->end(arm) - grid_->begin(arm)) / 32);
  const std::size_t most = edge.fails.value_or(grid_->end(arm)) - 1;
  const std::size_t second = std::min(*edge.fits + step, most);
  return second > *edge.fits ? std::optional(second) : std::nullopt;
}

std::optional<std::size_t> MemoryFrontier::next(std::size_t arm, double tolerance) const {
  const ArmEdge& edge = arms_[arm];
  if (edge.fails == grid_->begin(arm)) return std::nullopt;
  if (!edge.fits) return grid_->begin(arm);
  if (*edge.fits + 1 == edge.fails.value_or(grid_->end(arm))) return std::nullopt;
  if (const auto second = second_for_line(arm)) return second;
  if (outgrows(*edge.fits + 1)) return std::nullopt;
  if (!edge.fails) return std::max(first_try(arm), *edge.fits + 1);
  const double gap = grid_->batch(*edge.fails) - grid_->batch(*edge.fits);
  if (gap <= tolerance * grid_->batch(*edge.fits)) return std::nullopt;
  return between(arm, *edge.fits, *edge.fails);
}

bool MemoryFrontier::may_fit(std::size_t point) const {
  const ArmEdge& edge = arms_[grid_->arm(point)];
  return !(edge.fails && point >= *edge.fails) && !outgrows(point);
}

std::optional<std::size_t> MemoryFrontier::largest_fit(std::size_t arm) const {
  return arms_[arm].fits;
}

}  // namespace autotune
