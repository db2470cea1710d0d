#include "search/hybrid/memory_frontier.hpp"

#include <algorithm>
#include <cmath>
#include <ranges>

namespace autotune {
namespace {

// A step that runs out of memory costs twenty times one that fits, so a bisection step aims low:
// at 0.3 it takes a tenth more steps than at the middle, and a third fewer of them fail.
constexpr double bisection_share = 0.3;

// Allocators round up, so a line errs; by how much its last few errors tell.
constexpr double usual_line_error = 0.005;
constexpr double least_line_error = 1e-5;
constexpr std::size_t remembered_errors = 2;

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

double MemoryFrontier::ArmEdge::slope() const {
  return std::max((high->bytes - low->bytes) / (high->batch - low->batch), 0.0);
}

double MemoryFrontier::ArmEdge::peak_at(double batch) const {
  return high->bytes + slope() * (batch - high->batch);
}

double MemoryFrontier::ArmEdge::line_error() const {
  if (line_errors.size() < remembered_errors) return usual_line_error;
  return std::clamp(1.5 * std::ranges::max(line_errors), least_line_error, usual_line_error);
}

void MemoryFrontier::ArmEdge::learn_peak(const Peak& peak) {
  line_failed = false;
  if (has_line() && peak.batch != low->batch && peak.batch != high->batch) {
    line_errors.push_back(std::abs(peak_at(peak.batch) / peak.bytes - 1));
    if (line_errors.size() > remembered_errors) line_errors.erase(line_errors.begin());
  }
  if (!low || peak.batch < low->batch) low = peak;
  if (!high || peak.batch > high->batch) high = peak;
}

void MemoryFrontier::learn(std::size_t point, const Outcome& outcome) {
  ArmEdge& edge = arms_[grid_->arm(point)];
  const bool grew = outgrew(outcome.status);
  const bool tells = outcome.peak_memory_bytes.has_value() && !grew;
  const auto bytes = static_cast<double>(outcome.peak_memory_bytes.value_or(0));
  if (tells) {
    edge.learn_peak({static_cast<double>(grid_->batch(point)), bytes});
    surely_fits_ = std::max(surely_fits_, bytes);
  }
  if (grew || (tells && limit_ && bytes > *limit_)) {
    edge.fails = std::min(edge.fails.value_or(point), point);
  } else {
    edge.fits = std::max(edge.fits.value_or(point), point);
  }
  if (outcome.status == TrialStatus::out_of_memory) {
    out_of_memory_.push_back(point);
    edge.line_failed = edge.has_line() && edge.peak_at(grid_->batch(point)) <= surely_fits_;
  } else if (grew) {
    edge.not_of_memory = true;
  }
  find_capacity();
}

/// Told by today's lines: they get better with every peak.
void MemoryFrontier::find_capacity() {
  surely_fails_ = std::numeric_limits<double>::infinity();
  for (const std::size_t point : out_of_memory_) {
    const ArmEdge& edge = arms_[grid_->arm(point)];
    if (!edge.has_line()) continue;
    const double peak = edge.peak_at(grid_->batch(point));
    if (peak > surely_fits_) surely_fails_ = std::min(surely_fails_, peak);
  }
}

bool MemoryFrontier::trusts_line(std::size_t arm) const {
  const ArmEdge& edge = arms_[arm];
  return edge.has_line() && !edge.line_failed && !edge.not_of_memory;
}

bool MemoryFrontier::outgrows(std::size_t point) const {
  const std::size_t arm = grid_->arm(point);
  const ArmEdge& edge = arms_[arm];
  if ((edge.fits && point <= *edge.fits) || !trusts_line(arm)) return false;
  const double peak = edge.peak_at(grid_->batch(point));
  return (limit_ && peak > *limit_) || peak > surely_fails_ * (1 + edge.line_error());
}

std::optional<std::size_t> MemoryFrontier::last_within(std::size_t arm, double bytes) const {
  const ArmEdge& edge = arms_[arm];
  if (edge.slope() <= 0 || !std::isfinite(bytes)) return grid_->end(arm) - 1;
  // A hair more, lest rounding lose the batch that fits exactly.
  const double batch = edge.high->batch + (bytes - edge.high->bytes) / edge.slope();
  return grid_->at_most(arm, batch * (1 + 1e-9));
}

/// Up the arm's line while no arm has run out of memory; without a line the largest.
std::size_t MemoryFrontier::first_try(std::size_t arm) const {
  const std::size_t last = grid_->end(arm) - 1;
  if (!trusts_line(arm)) return last;
  const double up = std::max(surely_fits_, arms_[arm].high->bytes * stride_up);
  return last_within(arm, limit_.value_or(up)).value_or(last);
}

/// The arm's smallest point that is known, or foretold by its line, to fail; nothing if none is.
std::optional<std::size_t> MemoryFrontier::first_failure(std::size_t arm) const {
  const ArmEdge& edge = arms_[arm];
  const double least = std::min(limit_.value_or(surely_fails_), surely_fails_);
  if (!trusts_line(arm) || !std::isfinite(least)) return edge.fails;
  const double bytes = limit_ == least ? least : least * (1 + edge.line_error());
  const std::size_t foretold = last_within(arm, bytes).value_or(*edge.fits) + 1;
  if (foretold >= grid_->end(arm)) return edge.fails;
  return std::max(std::min(foretold, edge.fails.value_or(foretold)), *edge.fits + 1);
}

std::optional<std::size_t> MemoryFrontier::second_for_line(std::size_t arm) const {
  const ArmEdge& edge = arms_[arm];
  if (!edge.low || edge.has_line()) return std::nullopt;
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
  const auto failure = first_failure(arm);
  if (!failure) return std::max(first_try(arm), *edge.fits + 1);
  const std::size_t low = *edge.fits + 1, high = *failure - 1;  // Both still open.
  if (low > high) return std::nullopt;
  // What is known to fit on the device comes first.
  if (trusts_line(arm)) {
    const auto safe = last_within(arm, limit_.value_or(surely_fits_));
    if (safe && *safe >= low) return std::min(*safe, high);
  }
  const double gap = grid_->batch(high) - grid_->batch(*edge.fits);
  if (gap <= tolerance * grid_->batch(*edge.fits)) return std::nullopt;
  return low + static_cast<std::size_t>(bisection_share * static_cast<double>(high - low));
}

bool MemoryFrontier::may_fit(std::size_t point) const {
  const ArmEdge& edge = arms_[grid_->arm(point)];
  return !(edge.fails && point >= *edge.fails) && !outgrows(point);
}

std::optional<std::size_t> MemoryFrontier::largest_fit(std::size_t arm) const {
  return arms_[arm].fits;
}

}  // namespace autotune
