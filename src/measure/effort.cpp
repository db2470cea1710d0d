#include <algorithm>
#include <cmath>

#include "autotune/tuner.hpp"
#include "measure/edges.hpp"

namespace autotune {

namespace {

constexpr double most_polling = 0.002;  // Of a window (docs/measuring.md#windows).

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
  if (facts) {
    // So that polling the two edges takes at most its share of the shortest window there is.
    const double window =
        std::max(options.window_seconds, options.min_ticks * options.tick_seconds);
    options.poll_seconds =
        std::max(options.poll_seconds, facts->call_p50_us * 1e-6 * polled_seconds(options, window) /
                                           (most_polling * window));
  }
  options.duty_sampled = facts && facts->duty_sampled().value_or(false);
  return options;
}

double polled_seconds(const MeasureOptions& options, double window_seconds) noexcept {
  const double margin = edge_margin_seconds(options.tick_seconds, window_seconds);
  const double before =
      std::max(std::min(pre_roll_seconds, 10 * options.tick_seconds), 3 * options.tick_seconds);
  return std::min(before + margin, before + window_seconds / 2) +
         std::min(margin, window_seconds / 2) + 2 * options.tick_seconds;
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

std::optional<double> Budget::joules_for(Effort effort,
                                         const std::optional<double>& most_watts) const noexcept {
  if (joules) return joules;
  if (!most_watts) return std::nullopt;
  return *most_watts * seconds_for(effort);
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
