#pragma once
#include "torch/arms/arm_methods.hpp"

namespace autotune {

/// TF32 on or off for matrix products, convolutions and recurrent layers, and back afterwards.
/// Convolutions and recurrent layers have it on by default, so that true FP32 must switch it off.
[[nodiscard]] Scope tf32_scope(bool allow);

}  // namespace autotune
