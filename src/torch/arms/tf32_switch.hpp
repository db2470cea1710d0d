#pragma once
#include "torch/arms/arm_methods.hpp"

namespace autotune {

/// TF32 on or off for matrix products, convolutions and recurrent layers, and back afterwards.
/// Convolutions and recurrent layers have it on by default, so that true FP32 must switch it off.
/// The switch is the process's: threads that want the same share it, others wait until these left.
/// The same nests. So does the opposite, as long as no other thread opens any: one that joins the
/// inner scope keeps it after its end, and two that both nest the opposite wait for each other.
[[nodiscard]] Scope tf32_scope(bool allow);

/// Adds that scope to an arm of a GPU. A CPU has no TF32, and its threads need not wait.
void set_tf32(Draft& draft, bool allow);

/// The switch as a compiled package of that precision runs under it; null on a CPU.
[[nodiscard]] Scope package_tf32(Precision precision, c10::Device device);

}  // namespace autotune
