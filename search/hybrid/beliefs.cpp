// What the hybrid searcher was told; what follows from it is in gaps.cpp.
#include "search/hybrid/beliefs.hpp"

#include <algorithm>
#include <cmath>

namespace autotune {
namespace {

// The scatter of a window to begin with, worth so many repeats (research on search, section 7).
constexpr double usual_scatter = 0.024;
constexpr int usual_weight = 5;

// Latency must repeat this much better than energy for a probe to tell more than a window.
constexpr double precise_share = 0.5;

}  // namespace

Beliefs::Beliefs(const Grid& grid, const SearchOptions& options)
    : grid_(&grid),
      options_(options),
      latency_(grid),
      memory_(grid, options.max_memory_bytes),
      closed_(grid.arms()),
      refused_(grid.size()),
      ran_(grid.arms()),
      slow_from_(grid.arms()),
      windows_(grid.size()),
      throughput_(grid.arms(), -std::numeric_limits<double>::infinity()) {}

void Beliefs::learn(const Step& step, const Outcome& outcome, double at_seconds) {
  const auto found = grid_->find(step.candidate);
  if (!found) return;
  const std::size_t point = *found;
  if (outcome.latency_ms && *outcome.latency_ms > 0) {
    latency_.learn(point, *outcome.latency_ms, outcome.latency_p99_ms);
    double& best = throughput_[step.candidate.arm];
    best = std::max(best, std::log(step.candidate.batch / *outcome.latency_ms));
    probed_.push_back(point);
  }
  learn_status(step, outcome, point);
  miss_.learn(step.candidate, outcome, options_);
  const bool usable = outcome.joules_per_unit && *outcome.joules_per_unit > 0;
  if (step.kind != StepKind::window || outcome.status != TrialStatus::ok) return;
  if (usable) {
    learn_window(point, outcome, at_seconds);
  } else {
    refused_[point] = true;  // It runs, but no meter reads it.
  }
}

void Beliefs::learn_status(const Step& step, const Outcome& outcome, std::size_t point) {
  const std::size_t arm = step.candidate.arm;
  switch (outcome.status) {
    case TrialStatus::inaccurate:
    case TrialStatus::unsupported:
      closed_[arm] = true;
      return;
    case TrialStatus::crashed:
      // Before any success it is the arm's own fault; later it may be the batch's.
      refused_[point] = true;
      if (!ran_[arm]) closed_[arm] = true;
      [[fallthrough]];
    default:
      memory_.learn(point, outcome);
  }
  if (outcome.status == TrialStatus::ok || outcome.status == TrialStatus::too_slow) {
    ran_[arm] = true;
  }
  if (too_slow(outcome, options_)) {
    refused_[point] = true;
    slow_from_[arm] = std::min(slow_from_[arm].value_or(point), point);
  }
  if (outcome.status == TrialStatus::ok && !meets(outcome, options_)) refused_[point] = true;
}

void Beliefs::learn_window(std::size_t point, const Outcome& outcome, double at_seconds) {
  if (windows_[point]++ == 0) measured_.push_back(point);
  const double energy = std::log(*outcome.joules_per_unit);
  auto& [sum, count] = energy_means_[point];
  if (count > 0) {
    const double gap = energy - sum / count;
    energy_squares_ += gap * gap * count / (count + 1);
    ++energy_degrees_;
  }
  sum += energy;
  ++count;
  energy_readings_.push_back({point, energy, at_seconds});
  if (!outcome.latency_ms || *outcome.latency_ms <= 0) return;
  const double rows_per_ms = std::log(grid_->batch(point) / *outcome.latency_ms);
  power_readings_.push_back({point, energy + rows_per_ms, at_seconds});
}

bool Beliefs::open(std::size_t point) const {
  const std::size_t arm = grid_->arm(point);
  if (closed_[arm] || refused_[point] || !memory_.may_fit(point)) return false;
  // Beyond a batch that is too slow only what was measured to be fast enough is open.
  return !slow_from_[arm] || point < *slow_from_[arm] || latency_.known(point);
}

bool Beliefs::answers(std::size_t point) const { return windows_[point] > 0 && open(point); }

std::optional<std::size_t> Beliefs::latency_edge(std::size_t arm) const {
  if (!options_.max_latency_ms || !slow_from_[arm] || closed_[arm]) return std::nullopt;
  const std::size_t slow = *slow_from_[arm];
  std::size_t low = grid_->begin(arm);
  double fast_batch = 0, fast_ms = 0;
  for (auto below = latency_.known_below(slow); below; below = latency_.known_below(*below)) {
    if (refused_[*below]) continue;
    low = *below + 1;
    fast_batch = grid_->batch(*below);
    fast_ms = latency_.p99_ms(*below).value_or(0);
    break;
  }
  if (low >= slow) return std::nullopt;
  // Latency is nearly a line, so the limit is met where the line meets it; kept off the ends,
  // where an edge would make the steps small.
  const double slow_ms = latency_.p99_ms(slow).value_or(0);
  double share = 0.5;
  if (slow_ms > fast_ms) share = (*options_.max_latency_ms - fast_ms) / (slow_ms - fast_ms);
  share = std::clamp(share, 0.1, 0.9);
  const double batch = fast_batch + share * (grid_->batch(slow) - fast_batch);
  return std::clamp(grid_->at_most(arm, batch).value_or(low), low, slow - 1);
}

bool Beliefs::latency_is_precise() const {
  const double prior = usual_weight * usual_scatter * usual_scatter;
  const double energy = std::sqrt((prior + energy_squares_) / (usual_weight + energy_degrees_));
  return latency_.scatter() < precise_share * energy;
}

double Beliefs::degrees() const { return usual_weight + energy_degrees_; }

}  // namespace autotune
