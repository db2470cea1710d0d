#pragma once
#include "search/hybrid/surrogate.hpp"

namespace autotune {

/// The surrogate T: power is smooth in the batch where energy jumps, so energy per unit is best
/// told as power × measured latency / batch. What is modelled here is ln(power).
[[nodiscard]] const KernelChoice& power_kernels();

}  // namespace autotune
