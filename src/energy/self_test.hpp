#pragma once
#include <functional>

#include "energy/meter_facts.hpp"

namespace autotune {

/// A load that keeps the device busy between the two calls. Both return at once.
struct Load {
  std::function<void()> start;
  std::function<void()> stop;
  double switch_seconds = 0;  ///< From a call until the device heeds it, at most.
};

struct SelfTestOptions {
  double seconds = 15;                ///< At most. Below 10 the phase is not tried; 3 is quick.
  EnergyMeter* power = nullptr;       ///< Instant power of the same device, to compare with.
  std::optional<double> limit_watts;  ///< The device's power limit.
};

/// Reads a meter while the device idles, while it is busy and while the load pulses at the
/// counter's own period, and says whether it may be believed: it moves within 0.6 s, agrees with
/// integrated instant power within 2 %, and shows between 1 W and 1.2 times the limit.
///
/// The device must be at rest when it begins, and is when it ends.
/// What each part is for: docs/measuring.md#faults-of-meters.
[[nodiscard]] MeterFacts self_test(EnergyMeter& meter, const Load& load, Clock& clock,
                                   const SelfTestOptions& options = {});

}  // namespace autotune
