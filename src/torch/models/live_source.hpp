#pragma once
#include <memory>

#include "autotune/torch/live_model.hpp"
#include "torch/models/model_source.hpp"

namespace autotune {

/// A model of this process: each arm is that model itself, changed in place for as long as the arm
/// lives. Several arms may be alive only where they change nothing (FP32 as it is).
/// @param target of its tensors
[[nodiscard]] std::unique_ptr<ModelSource> open_live(LiveModel model, const Target& target);

/// Where a live model's tensors are.
/// @throws Error (model) if it has none, or they are on several devices
[[nodiscard]] Target target_of(const LiveModel& model);

}  // namespace autotune
