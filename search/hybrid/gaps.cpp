// What the hybrid searcher believes of every configuration, after what it was told (beliefs.cpp).
#include <algorithm>
#include <cmath>
#include <numbers>

#include "search/hybrid/beliefs.hpp"
#include "search/hybrid/power_model.hpp"
#include "search/hybrid/shape_model.hpp"

namespace autotune {
namespace {
// Kernels and scatter are chosen again when the windows have grown by this share.
constexpr double choose_again = 1.15;

// Batches within 5 % mostly run the same kernels.
constexpr double near_batches = 0.05;

// Slack beyond a factor of 4 or so tells no more of power.
constexpr double least_slack = -1.5;

// Points whose latency per row is this far above the best one's (ln 4) are not thought about.
constexpr double hope = 1.4;

// Of a stretch of unknown latency; fewer where there are many stretches.
constexpr std::size_t most_per_stretch = 4;
constexpr std::size_t most_in_stretches = 600;
constexpr std::size_t most_by_shape = 4096;

}  // namespace

Features Beliefs::features(std::size_t point) const {
  Features made{.point = point,
                .arm = grid_->arm(point),
                .batch = static_cast<double>(grid_->batch(point)),
                .log2_batch = grid_->log_batch(point) / std::numbers::ln2};
  if (by_power_) {
    const auto latency = latency_.at(point);
    const double best = slack_from_[made.arm];
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
  by_power = by_power && !power_readings_.empty();
  if (by_power != by_power_) learnt_ = chosen_at_ = 0;
  by_power_ = by_power;
  const std::size_t known = (by_power_ ? power_readings_ : energy_readings_).size();
  if (known == 0) return;
  if (learnt_ != known) {
    relearn();
    learnt_ = known;
    find_best();
    find_gaps();
  } else if (best_ && !answers(*best_)) {
    find_best();
    find_gaps();
  }
  if (best_ && by_power_) weigh_probed();
  probed_.clear();
}

/// A latency that was guessed is known now, and the stretches on either side are shorter.
void Beliefs::weigh_probed() {
  std::vector<std::size_t> points;
  for (const std::size_t point : probed_) {
    if (gaps_[point]) {
      const Features at = features(point);
      gaps_[point] = power_.gaps(std::span(&at, 1), features(*best_)).front();
    }
    points.push_back(point);
    const auto below = latency_.known_below(point), above = latency_.known_above(point);
    const std::size_t arm = grid_->arm(point);
    add_stretch(below ? *below + 1 : grid_->begin(arm), point, points);
    add_stretch(point + 1, above.value_or(grid_->end(arm)), points);
  }
  if (!points.empty()) weigh(points);
}

void Beliefs::relearn() {
  slack_from_ = throughput_;
  const auto& readings = by_power_ ? power_readings_ : energy_readings_;
  const bool choose =
      static_cast<double>(readings.size()) >= choose_again * static_cast<double>(chosen_at_);
  if (choose) chosen_at_ = readings.size();
  if (!by_power_) {
    learn_shape(choose ? &shape_kernels() : nullptr);
    return;
  }
  double level = 0;
  for (const LogReading& reading : readings) level += reading.value;
  level /= static_cast<double>(readings.size());
  power_.learn(
      readings, [this](std::size_t point) { return features(point); },
      [level](const Features&) { return level; }, choose ? &power_kernels() : nullptr);
}

void Beliefs::learn_shape(const KernelChoice* choice) {
  std::vector<Features> points;
  std::vector<double> means;
  for (const auto& [point, sum] : energy_means_) {
    points.push_back(features(point));
    means.push_back(sum.first / sum.second);
  }
  const EnergyShape shape = fit_shape(points, means, grid_->arms());
  shape_.learn(
      energy_readings_, [this](std::size_t point) { return features(point); },
      [shape](const Features& at) { return shape.log_energy(at); }, choice);
}

double Beliefs::log_energy(std::size_t point) const {
  const Features at = features(point);
  const double mean = surrogate().mean(at);
  if (!by_power_) return mean;
  const auto latency = latency_.at(point);
  return mean + (latency ? latency->mean : 0) - std::log(at.batch);
}

void Beliefs::find_best() {
  best_.reset();
  double least = std::numeric_limits<double>::infinity();
  for (const std::size_t point : measured_) {
    if (!answers(point)) continue;
    const double energy = log_energy(point);
    if (energy >= least) continue;
    least = energy;
    best_ = point;
  }
}

bool Beliefs::within_hope(std::size_t point) const {
  if (!by_power_) return true;
  const auto latency = latency_.at(point);
  const auto best = latency_.at(*best_);
  return latency && best &&
         latency->low - grid_->log_batch(point) < best->mean - grid_->log_batch(*best_) + hope;
}

/// Of a stretch of unknown latency the last point promises most, and those before it are likelier
/// to be still on the plateau.
void Beliefs::add_stretch(std::size_t from, std::size_t to,
                          std::vector<std::size_t>& points) const {
  if (from >= to) return;
  const std::size_t each =
      std::clamp<std::size_t>(most_in_stretches / latency_.count(), 1, most_per_stretch);
  const std::size_t stride = (to - from + each - 1) / each;
  for (std::size_t point = to - 1;; point -= stride) {
    points.push_back(point);
    if (point < from + stride) break;
  }
}

std::vector<std::size_t> Beliefs::worth_weighing() const {
  std::vector<std::size_t> points;
  if (by_power_) {
    for (std::size_t arm = 0; arm < grid_->arms(); ++arm) {
      std::size_t from = grid_->begin(arm);
      for (std::size_t point = from; point < grid_->end(arm); ++point) {
        if (!latency_.known(point)) continue;
        add_stretch(from, point, points);
        points.push_back(point);
        from = point + 1;
      }
      add_stretch(from, grid_->end(arm), points);
    }
    return points;
  }
  // Every so many of a large space, and all beside those that were measured.
  const std::size_t stride = 1 + grid_->size() / most_by_shape;
  for (std::size_t point = grid_->size() - 1;; point -= stride) {
    points.push_back(point);
    if (point < stride) break;
  }
  for (const std::size_t point : measured_) {
    const std::size_t from = point - std::min(stride, point - grid_->begin(grid_->arm(point)));
    const std::size_t to = std::min(point + stride + 1, grid_->end(grid_->arm(point)));
    for (std::size_t near = from; near < to; ++near) points.push_back(near);
  }
  return points;
}

void Beliefs::find_gaps() {
  gaps_.assign(grid_->size(), std::nullopt);
  weighed_.clear();
  if (best_) weigh(worth_weighing());
}

void Beliefs::weigh(const std::vector<std::size_t>& points) {
  std::vector<std::size_t> taken;
  std::vector<Features> at;
  for (const std::size_t point : points) {
    if (gaps_[point] || !open(point) || !within_hope(point)) continue;
    gaps_[point] = Belief{};
    taken.push_back(point);
    at.push_back(features(point));
  }
  const std::vector<Belief> found = surrogate().gaps(at, features(*best_));
  for (std::size_t i = 0; i < taken.size(); ++i) gaps_[taken[i]] = found[i];
  weighed_.insert(weighed_.end(), taken.begin(), taken.end());
}

std::optional<Beliefs::Gap> Beliefs::gap(std::size_t point) const {
  if (!best_ || !gaps_[point]) return std::nullopt;
  Gap made{.power = *gaps_[point]};
  if (!by_power_ || point == *best_) return made;
  const auto latency = latency_.at(point);
  const auto best = latency_.at(*best_);
  if (!latency || !best) return std::nullopt;
  const double rest = grid_->log_batch(point) - grid_->log_batch(*best_) + best->mean;
  made.low = latency->low - rest;
  made.high = latency->high - rest;
  made.chance_of_low = latency->chance_of_low;
  made.latency_variance = latency->variance + best->variance;
  return made;
}

Belief Beliefs::Gap::all() const {
  return {power.mean + (low + high) / 2, power.variance + latency_variance};
}

double Beliefs::nearness(std::size_t point) const {
  double nearest = std::numeric_limits<double>::infinity();
  for (const std::size_t other : measured_) {
    if (grid_->arm(other) != grid_->arm(point)) continue;
    nearest = std::min(nearest, std::abs(grid_->log_batch(other) - grid_->log_batch(point)));
  }
  return std::exp(-nearest / near_batches);
}

Belief Beliefs::gap_between(std::size_t a, std::size_t b) const {
  const Features at = features(a);
  Belief gap = surrogate().gaps(std::span(&at, 1), features(b)).front();
  if (!by_power_ || a == b) return gap;
  const auto latency_a = latency_.at(a), latency_b = latency_.at(b);
  if (latency_a && latency_b) {
    gap.mean += latency_a->mean - latency_b->mean -
                std::log(static_cast<double>(grid_->batch(a)) / grid_->batch(b));
    gap.variance += latency_a->variance + latency_b->variance;
  }
  return gap;
}

}  // namespace autotune
