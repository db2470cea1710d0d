#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "autotune/comparison.hpp"
#include "comparison/race_model.hpp"

namespace autotune {
namespace {

// Intervals are printed at 95 %. Whether a race may stop is asked at 99 %, since it is asked
// several times; what that leaves of the 95 % after stopping is in docs/measuring.md#comparison.
constexpr double printed = 0.95;
constexpr double decisive = 0.99;

// Chances that are shared among the configurations, each of which could be the one that misleads:
// two of them are told apart at 99 %, six at 99.7 %.
constexpr double chance_of_false_difference = 0.02;
constexpr double chance_of_false_drop = 0.05;

// A gap that wide could be what the tuner looks for: "not told apart" then says nothing.
constexpr double widest_tie = 0.02;

Interval around(double log_value, double half_width) {
  return {std::exp(log_value - half_width), std::exp(log_value + half_width)};
}

std::size_t count_configurations(std::span<const RoundWindow> windows) {
  std::size_t count = 0;
  for (const RoundWindow& window : windows) count = std::max(count, window.configuration + 1);
  return count;
}

}  // namespace

std::string_view to_string(Standing standing) noexcept {
  switch (standing) {
    case Standing::best:
      return "best";
    case Standing::tie:
      return "tie";
    case Standing::worse:
      return "worse";
    case Standing::better:
      return "better";
    case Standing::unresolved:
      break;
  }
  return "unresolved";
}

bool is_look(std::size_t rounds) noexcept {
  // Spaced so that each look has about half again as many rounds as the one before.
  return rounds == 5 || rounds == 8 || rounds == 12 || (rounds >= 15 && rounds % 5 == 0);
}

double RoundComparison::Gap::half_width(double confidence) const {
  return student_t_quantile((1 + confidence) / 2, degrees) * std::sqrt(variance);
}

RoundComparison::Gap RoundComparison::spread(std::size_t a, std::optional<std::size_t> b) const {
  Gap gap;
  double squares_by_degrees = 0;
  for (const Share& share : shares_) {
    const auto at = [&](std::size_t i, std::size_t j) { return share.covariance[i * size() + j]; };
    const double variance = b ? at(a, a) - 2 * at(a, *b) + at(*b, *b) : at(a, a);
    gap.variance += variance;
    squares_by_degrees += variance * variance / share.degrees;
  }
  // Satterthwaite: variances that were estimated apart count as one of so many degrees.
  gap.degrees = squares_by_degrees > 0 ? gap.variance * gap.variance / squares_by_degrees
                                       : shares_.front().degrees;
  return gap;
}

std::optional<RoundComparison::Gap> RoundComparison::gap(std::size_t a, std::size_t b) const {
  if (a >= size() || b >= size() || !linked_[a] || !linked_[b] || shares_.empty()) {
    return std::nullopt;
  }
  Gap result = spread(a, b);
  result.value = std::log(estimates_[a]->value / estimates_[b]->value);
  return result;
}

std::optional<Estimate> RoundComparison::estimate(std::size_t configuration) const {
  return configuration < size() ? estimates_[configuration] : std::nullopt;
}

std::optional<Ratio> RoundComparison::ratio(std::size_t a, std::size_t b) const {
  const auto found = gap(a, b);
  if (!found) return std::nullopt;
  return Ratio{std::exp(found->value), around(found->value, found->half_width(printed))};
}

double RoundComparison::confidence(double shared_chance) const {
  const auto sharing = static_cast<double>(std::ranges::count(linked_, true));
  return 1 - shared_chance / sharing;
}

bool RoundComparison::told_apart(const Gap& gap) const {
  return std::abs(gap.value) > std::max(gap.half_width(confidence(chance_of_false_difference)),
                                        std::log1p(options_.indifference));
}

Standing RoundComparison::standing(std::size_t configuration) const {
  if (best_ && configuration == *best_) return Standing::best;
  const auto found = best_ ? gap(configuration, *best_) : std::nullopt;
  if (!found) return Standing::unresolved;
  if (told_apart(*found)) return found->value > 0 ? Standing::worse : Standing::better;
  return found->half_width(printed) > widest_tie ? Standing::unresolved : Standing::tie;
}

bool RoundComparison::may_drop(std::size_t configuration) const {
  if (standing(configuration) != Standing::worse) return false;
  const double enough = confidence(chance_of_false_drop);
  return gap(configuration, *best_)->value >
         spread(configuration, {}).half_width(enough) + spread(*best_, {}).half_width(enough);
}

bool RoundComparison::settled() const {
  if (!best_) return false;
  for (std::size_t configuration = 0; configuration < size(); ++configuration) {
    if (configuration == *best_ || !estimates_[configuration]) continue;
    const auto found = gap(configuration, *best_);
    if (!found) return false;
    if (!told_apart(*found) && found->half_width(decisive) > options_.target_half_width) {
      return false;
    }
  }
  return true;
}

bool RoundComparison::noisy(std::size_t configuration) const {
  return configuration < size() && noisy_[configuration];
}

void RoundComparison::adopt(const RaceModel& model) {
  for (const ScatterGroup& group : model.groups) {
    const bool pool = &group == &model.groups.front();
    if (pool && group.degrees < 1) break;  // One round only: estimates, and no interval.
    for (const std::size_t configuration : group.configurations) {
      noisy_[configuration] = !pool;
      // With no rounds but its own noise to go by it stands alone, as it did.
      linked_[configuration] = group.degrees >= 1;
    }
    if (group.degrees < 1) continue;
    const Eigen::MatrixXd covariance = level_covariance(model, group);
    shares_.push_back({{covariance.data(), covariance.data() + covariance.size()}, group.degrees});
  }
  for (std::size_t configuration = 0; configuration < size(); ++configuration) {
    if (!linked_[configuration]) continue;
    const double level = model.fit.parameters(static_cast<Eigen::Index>(configuration));
    estimates_[configuration] = Estimate{std::exp(level), std::nullopt};
    if (shares_.empty()) continue;
    const double half_width = spread(configuration, std::nullopt).half_width(printed);
    estimates_[configuration]->ci95 = around(level, half_width);
  }
}

void RoundComparison::choose_best() {
  for (std::size_t configuration = 0; configuration < size(); ++configuration) {
    const bool barred = std::ranges::count(options_.barred, configuration) > 0;
    if (barred || !estimates_[configuration]) continue;
    if (!best_ || estimates_[configuration]->value < estimates_[*best_]->value) {
      best_ = configuration;
    }
  }
}

RoundComparison compare_rounds(std::span<const RoundWindow> windows,
                               const ComparisonOptions& options) {
  check(windows);
  RoundComparison result;
  result.options_ = options;
  const std::size_t size = count_configurations(windows);
  result.estimates_.resize(size);
  result.linked_.resize(size);
  result.noisy_.resize(size);
  if (windows.empty()) return result;

  // Each alone first; those that rounds link are then estimated together.
  std::map<std::size_t, std::vector<double>> alone;
  for (const RoundWindow& window : windows) {
    alone[window.configuration].push_back(window.joules_per_unit);
  }
  for (const auto& [configuration, joules] : alone) {
    result.estimates_[configuration] = estimate(joules);
  }
  const std::vector<RoundWindow> linked = linked_windows(windows);
  for (const RoundWindow& window : linked) result.linked_[window.configuration] = true;
  if (std::ranges::count(result.linked_, true) >= 2) result.adopt(explain(linked, size));
  result.choose_best();
  return result;
}

}  // namespace autotune
