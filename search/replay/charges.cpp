#include "search/replay/charges.hpp"

#include <algorithm>
#include <cmath>

namespace autotune::replay {

int windows_of(const Step& step, const Charges& charges) noexcept {
  if (step.kind != StepKind::window) return 0;
  // 3 s of 0.1 s are 30 windows, not 31.
  const double covered = std::ceil(step.seconds / charges.window_seconds - 1e-9);
  return std::max(1, static_cast<int>(covered));
}

double seconds_of(const Step& step, bool fails, const Charges& charges) noexcept {
  if (fails) return charges.oom_seconds;
  if (step.kind != StepKind::window) return charges.probe_seconds;
  return charges.warmup_seconds + windows_of(step, charges) * charges.window_seconds;
}

}  // namespace autotune::replay
