#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "torch/arms/loaded_arm.hpp"
#include "torch/inputs/inputs.hpp"

namespace autotune {

/// What trying a model out tells before anything is measured.
struct ModelProbe {
  int max_batch = 0;         ///< 1 if two rows at once fail; 0: no limit known.
  bool keeps_state = false;  ///< The same call on the same copy gives another result.
  bool repeatable = true;    ///< Fresh copies give the same result.
  std::vector<std::string> warnings;
};

/// Gives FP32 as if it had just been loaded.
using MakeFresh = std::function<std::unique_ptr<LoadedArm>()>;

/// Runs FP32 on one and two rows, and fresh and used copies against each other, one alive at a
/// time.
/// @throws Error (inputs) with the model's message if it does not run on one row
[[nodiscard]] ModelProbe probe_model(const MakeFresh& fresh, const Inputs& inputs,
                                     std::uint64_t seed);

/// Seeds LibTorch's generators of the CPU and the GPUs.
void seed_generators(std::uint64_t seed);

}  // namespace autotune
