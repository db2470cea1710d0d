#pragma once
#include "autotune/tuner.hpp"

// How long a counter is polled round the edges of a window.
namespace autotune {

/// Power and clocks have settled by then, and a counter of 100 ms has moved.
inline constexpr double pre_roll_seconds = 0.5;

/// How far off the foretold edge of a window may be, as a share of the window.
inline constexpr double edge_foresight = 0.05;

/// Polling goes on for so long after the first edge, and begins so long before the second.
[[nodiscard]] constexpr double edge_margin_seconds(double tick_seconds,
                                                   double window_seconds) noexcept {
  return 2 * tick_seconds + edge_foresight * window_seconds;
}

/// Seconds in which a window of that length and its rolls are polled.
[[nodiscard]] double polled_seconds(const MeasureOptions& options, double window_seconds) noexcept;

}  // namespace autotune
