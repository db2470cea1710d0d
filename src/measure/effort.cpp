#include <cmath>

#include "autotune/tuner.hpp"

namespace autotune {

namespace {

MeasureOptions windows_of(Effort effort) noexcept {
  // 2 s windows screen and 5 s windows decide (docs/measuring.md#windows); `quick` only screens and
  // takes shorter ones so that a minute holds enough of them.
  switch (effort) {
    case Effort::quick:
      return {.window_seconds = 0.5, .min_iterations = 2, .warm_up_seconds = 0.1, .max_repeats = 1};
    case Effort::standard:
      return {.window_seconds = 2, .min_iterations = 5, .warm_up_seconds = 0.5};
    case Effort::full:
      return {.window_seconds = 5, .min_iterations = 20, .warm_up_seconds = 1, .min_ticks = 50};
  }
  return {};
}

}  // namespace

MeasureOptions MeasureOptions::for_effort(Effort effort,
                                          const std::optional<MeterFacts>& facts) noexcept {
  MeasureOptions options = windows_of(effort);
  if (facts && facts->update_period_ms) options.tick_seconds = *facts->update_period_ms / 1000;
  options.duty_sampled = facts && facts->duty_sampled().value_or(false);
  return options;
}

Effort affordable(Effort wanted, double seconds) noexcept {
  // Two baselines, ten windows of search, five rounds of five finalists, each window with its
  // warm-up, and at `full` the confirmation: less would leave out what the effort claims.
  constexpr double least_for_standard = 90;
  constexpr double least_for_full = 500;
  if (wanted == Effort::full && seconds < least_for_full) wanted = Effort::standard;
  if (wanted == Effort::standard && seconds < least_for_standard) wanted = Effort::quick;
  return wanted;
}

double Budget::seconds_for(Effort effort) const noexcept {
  if (seconds) return *seconds;
  return effort == Effort::quick ? 60 : effort == Effort::standard ? 300 : 1800;
}

double Constraints::relative_l2_limit() const noexcept {
  // For unit vectors |a − b|² = 2(1 − cos): the same limit, seen over all rows at once.
  return max_relative_l2.value_or(std::sqrt(2 * (1 - min_cosine)));
}

bool Constraints::accepts(const Accuracy& accuracy) const noexcept {
  return accuracy.finite && accuracy.worst_cosine >= min_cosine &&
         accuracy.relative_l2 <= relative_l2_limit();
}

}  // namespace autotune
