#include "search/hybrid/beliefs.hpp"

#include <algorithm>
#include <cmath>

#include "search/arm_state.hpp"
#include "search/hybrid/power_model.hpp"
#include "search/hybrid/shape_model.hpp"

namespace autotune {
namespace {

// The scatter of a window to begin with, worth so many repeats (research on search, section 7).
constexpr double usual_scatter = 0.024;
constexpr int usual_weight = 5;

// Latency must repeat this much better than energy for a probe to tell more than a window.
constexpr double precise_share = 0.5;

// Kernels and scatter are chosen again when the windows have grown by this share.
constexpr double choose_again = 1.15;

constexpr double least_slack = -1.5;

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
      fast_to_(grid.arms()),
      windows_(grid.size()),
      best_throughput_(grid.arms(), -std::numeric_limits<double>::infinity()) {}

bool Beliefs::too_slow(const Outcome& outcome) const {
  if (outcome.status == TrialStatus::too_slow) return true;
  const auto slowest = outcome.latency_p99_ms ? outcome.latency_p99_ms : outcome.latency_ms;
  return options_.max_latency_ms && slowest && *slowest > *options_.max_latency_ms;
}

void Beliefs::learn(const Step& step, const Outcome& outcome, double at_seconds) {
  const auto found = grid_->find(step.candidate);
  if (!found) return;
  const std::size_t point = *found;
  if (outcome.latency_ms && *outcome.latency_ms > 0) {
    latency_.learn(point, *outcome.latency_ms, outcome.latency_p99_ms);
    double& best = best_throughput_[step.candidate.arm];
    best = std::max(best, std::log(step.candidate.batch / *outcome.latency_ms));
  }
  learn_status(step, outcome, point);
  learn_miss(step, outcome);
  const bool usable = outcome.joules_per_unit && *outcome.joules_per_unit > 0;
  if (step.kind == StepKind::window && outcome.status == TrialStatus::ok && usable) {
    learn_window(point, outcome, at_seconds);
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
  if (too_slow(outcome)) {
    refused_[point] = true;
    slow_from_[arm] = std::min(slow_from_[arm].value_or(point), point);
  } else if (outcome.latency_ms) {
    fast_to_[arm] = std::max(fast_to_[arm].value_or(point), point);
  }
  if (outcome.status == TrialStatus::ok && !meets(outcome, options_)) refused_[point] = true;
}

void Beliefs::learn_miss(const Step& step, const Outcome& outcome) {
  if (!outcome.latency_ms && !outcome.peak_memory_bytes) return;
  if (meets(outcome, options_)) return;
  double excess = outcome.status == TrialStatus::ok || outcome.status == TrialStatus::too_slow
                      ? 0
                      : std::numeric_limits<double>::max();
  if (options_.max_latency_ms && outcome.latency_p99_ms) {
    excess += std::max(0.0, *outcome.latency_p99_ms / *options_.max_latency_ms - 1);
  }
  if (options_.max_memory_bytes && outcome.peak_memory_bytes) {
    excess += std::max(0.0, static_cast<double>(*outcome.peak_memory_bytes) /
                                    static_cast<double>(*options_.max_memory_bytes) -
                                1);
  }
  if (miss_ && excess >= miss_excess_) return;
  miss_ = ClosestMiss{step.candidate, outcome};
  miss_excess_ = excess;
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

bool Beliefs::answers(std::size_t point) const {
  return windows_[point] > 0 && open(point);
}

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
  const double energy =
      std::sqrt((prior + energy_squares_) / (usual_weight + energy_degrees_));
  return latency_.scatter() < precise_share * energy;
}

Features Beliefs::features(std::size_t point) const {
  Features made{.point = point,
                .arm = grid_->arm(point),
                .batch = static_cast<double>(grid_->batch(point)),
                .log2_batch = grid_->log2_batch(point)};
  if (by_power_) {
    const auto latency = latency_.at(point);
    const double best = best_throughput_[made.arm];
    if (latency && std::isfinite(best)) {
      made.slack = std::clamp(std::log(made.batch) - latency->mean - best, least_slack, 0.0);
    }
  } else {
    for (std::size_t t = 0; t < tile_sizes.size(); ++t) {
      made.waste[t] = tile_waste(made.batch * options_.units_per_row, tile_sizes[t]);
    }
  }
  return made;
}

void Beliefs::update(bool by_power) {
  by_power_ = by_power && !power_readings_.empty();
  const auto& readings = by_power_ ? power_readings_ : energy_readings_;
  if (readings.empty()) return;
  if (learnt_ == readings.size() && chosen_by_power_ == by_power_ && chosen_at_ > 0) return;
  const bool choose = chosen_at_ == 0 || chosen_by_power_ != by_power_ ||
                      static_cast<double>(readings.size()) >=
                          choose_again * static_cast<double>(chosen_at_);
  if (by_power_) {
    double level = 0;
    for (const LogReading& reading : readings) level += reading.value;
    level /= static_cast<double>(readings.size());
    power_.learn(readings, [this](std::size_t point) { return features(point); },
                 [level](const Features&) { return level; }, choose ? &power_kernels() : nullptr);
  } else {
    learn_shape(choose ? &shape_kernels() : nullptr);
  }
  if (choose) chosen_at_ = readings.size();
  chosen_by_power_ = by_power_;
  learnt_ = readings.size();
}

void Beliefs::learn_shape(const KernelChoice* choice) {
  std::vector<Features> points;
  std::vector<double> means;
  for (const auto& [point, sum] : energy_means_) {
    points.push_back(features(point));
    means.push_back(sum.first / sum.second);
  }
  const EnergyShape shape = fit_shape(points, means, grid_->arms());
  shape_.learn(energy_readings_, [this](std::size_t point) { return features(point); },
               [shape](const Features& at) { return shape.log_energy(at); }, choice);
}

bool Beliefs::ready() const { return by_power_ ? power_.ready() : shape_.ready(); }

std::vector<std::optional<Belief>> Beliefs::energies(std::span<const std::size_t> points) const {
  std::vector<std::optional<Belief>> made(points.size());
  if (!ready()) return made;
  std::vector<Features> at;
  at.reserve(points.size());
  for (const std::size_t point : points) at.push_back(features(point));
  const std::vector<Belief> beliefs = (by_power_ ? power_ : shape_).beliefs(at);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!by_power_) {
      made[i] = beliefs[i];
    } else if (const auto latency = latency_.at(points[i])) {
      made[i] = Belief{beliefs[i].mean + latency->mean - std::log(at[i].batch),
                       beliefs[i].variance + latency->variance};
    }
  }
  return made;
}

std::optional<Belief> Beliefs::energy(std::size_t point) const {
  return energies(std::span(&point, 1)).front();
}

Belief Beliefs::gap(std::size_t a, std::size_t b) const {
  const Features at_a = features(a), at_b = features(b);
  Belief gap = (by_power_ ? power_ : shape_).difference(at_a, at_b);
  if (by_power_ && a != b) {
    const auto latency_a = latency_.at(a), latency_b = latency_.at(b);
    if (latency_a && latency_b) {
      gap.mean += latency_a->mean - latency_b->mean - std::log(at_a.batch / at_b.batch);
      gap.variance += latency_a->variance + latency_b->variance;
    }
  }
  return gap;
}

double Beliefs::degrees() const { return usual_weight + energy_degrees_; }

}  // namespace autotune
