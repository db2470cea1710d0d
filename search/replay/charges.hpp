#pragma once
#include "autotune/searcher.hpp"

namespace autotune::replay {

/// What a step costs in simulated seconds. The defaults are those of every published score.
struct Charges {
  double window_seconds = 1;    ///< Shorter ones see too little of a counter's 0.1-s ticks.
  double warmup_seconds = 0.5;  ///< Before each window.
  double switch_seconds = 8;    ///< Another arm than the last step's: a cast and its warm-up.
  double oom_seconds = 2;       ///< A step that fails, in place of its own time.
  double probe_seconds = 0.1;   ///< A probe, or a fit that holds: a few iterations.
};

/// How many windows of `window_seconds` a window step takes: the whole number that covers what it
/// asks for, so that a long window is charged as the several it replaces.
[[nodiscard]] int windows_of(const Step& step, const Charges& charges) noexcept;

/// Without the switch.
[[nodiscard]] double seconds_of(const Step& step, bool fails, const Charges& charges) noexcept;

}  // namespace autotune::replay
