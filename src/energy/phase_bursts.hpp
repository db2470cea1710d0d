#pragma once
#include <array>
#include <chrono>

#include "autotune/clock.hpp"

namespace autotune {

// A sensor that looks at part of each period sees a load of its own rhythm at one phase only. On a
// sensor that sees 25 of every 100 ms, a load that alternates every 100 ms between full and half
// power is off by 27 % (standard deviation over the phase), however long the window.
// Reasons and figures: docs/measuring.md#faults-of-meters.

/// The rhythm of a load against that of a sensor.
struct Rhythm {
  double step_seconds = 0;     ///< Of one iteration.
  double period_seconds = 0;   ///< The sensor's update period.
  double sampled_seconds = 0;  ///< What the sensor sees of each period.
  double window_seconds = 0;
};

/// Whether the load may beat with the sensor: one of its first eight harmonics lies so near a
/// multiple of the sensor's frequency that the window holds less than three beats, and the sampled
/// part does not average it out. A false alarm costs the gaps between the bursts.
[[nodiscard]] bool may_beat(const Rhythm& rhythm);

struct Burst {
  Timestamp begin{};
  Timestamp end{};

  friend bool operator==(const Burst&, const Burst&) = default;
};

/// A window in four bursts, each started anew so that together they show the sensor every phase of
/// the load: 0, ¼, ½ and ¾ of a period after a tick. The window is from the first begin to the last
/// end; the gaps of a quarter period are part of it, for every configuration alike.
/// @param tick a moment at which the counter moved; the first burst begins at a later one
/// @param not_before the first burst begins then at the earliest
/// @param window rounded up to whole periods for each burst
[[nodiscard]] std::array<Burst, 4> phase_bursts(Timestamp tick, std::chrono::nanoseconds period,
                                                Timestamp not_before,
                                                std::chrono::nanoseconds window);

}  // namespace autotune
