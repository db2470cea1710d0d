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
  int min_batch = 1;         ///< The smallest batch that ran.
  int max_batch = 0;         ///< The same as `min_batch` if one more row fails; 0: no limit known.
  bool keeps_state = false;  ///< The same call on the same copy gives another result.
  bool repeatable = true;    ///< Fresh copies give the same result.
  std::vector<std::string> warnings;
};

/// Gives FP32 as if it had just been loaded.
using MakeFresh = std::function<std::unique_ptr<LoadedArm>()>;

/// Batches that are to be tried.
struct BatchRange {
  int first = 1;
  int last = 0;   ///< 0: not known.
  int least = 1;  ///< The model is known to take none below.
};

/// Runs FP32 at the first batches of the range, fresh and used copies against each other, and a row
/// alone against itself among others. One copy is alive at a time.
/// @throws Error (inputs) with the model's message if it runs at none of them
[[nodiscard]] ModelProbe probe_model(const MakeFresh& fresh, const Inputs& inputs,
                                     std::uint64_t seed, BatchRange range = {});

/// Seeds LibTorch's generators of the CPU and the GPUs.
void seed_generators(std::uint64_t seed);

}  // namespace autotune
