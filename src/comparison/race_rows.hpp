#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "autotune/comparison.hpp"

namespace autotune {

/// A window as a row of the linear model.
///
/// The drift of the race is a line through one knot per round, bent at the knots: a window lies
/// between two of them (or beyond the last), and its drift is (1 - share)·knot + share·next knot.
struct RaceRow {
  std::size_t configuration = 0;
  std::size_t knot = 0;
  double share = 0;
  double heat = 0;  ///< Kelvin above the mean of all windows.
  double log_joules = 0;
  double weight = 1;
};

struct RaceRows {
  std::vector<RaceRow> rows;
  std::size_t knots = 0;
  bool has_heat = false;  ///< Every window had a temperature.
};

/// @throws Error (usage) if a value is not positive and finite
void check(std::span<const RoundWindow> windows);

/// The windows of the largest set of configurations that rounds link to each other: two that were
/// never measured in one round, nor each with a third, cannot be compared.
[[nodiscard]] std::vector<RoundWindow> linked_windows(std::span<const RoundWindow> windows);

/// When a window counts as measured.
enum class DriftClock {
  seconds,  ///< Knots at the rounds' mean times.
  rounds,   ///< Knots at the rounds: one level per round, no drift within it.
};

/// @throws Error (usage) if rounds overlap in time
[[nodiscard]] RaceRows race_rows(std::span<const RoundWindow> windows, DriftClock clock);

/// `seconds` if every window has a time, else `rounds`.
[[nodiscard]] DriftClock best_clock(std::span<const RoundWindow> windows);

}  // namespace autotune
