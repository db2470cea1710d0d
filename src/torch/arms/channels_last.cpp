#include "torch/arms/arm_methods.hpp"

namespace autotune {
namespace {

std::string obstacle(const Target&, const ModelFacts& facts) {
  return facts.has_convolutions ? "" : "the model has no convolution with 4-D or 5-D weights";
}

// Only weights of convolutions: other operations may rely on a 4-D tensor's strides.
void apply(Draft& draft, const PrecisionMethod&) {
  for (ModelTensor& entry : draft.tensors) {
    if (entry.of_convolution) {
      const auto format = entry.tensor.dim() == 4 ? at::MemoryFormat::ChannelsLast
                                                  : at::MemoryFormat::ChannelsLast3d;
      entry.tensor.set_data(entry.tensor.contiguous(format));
    }
  }
  draft.channels_last_inputs = true;
}

}  // namespace

LayoutMethod channels_last_method() {
  return {.layout = Layout::channels_last,
          .obstacle = obstacle,
          .serves = [](const PrecisionMethod& precision) { return !precision.needs_preparation; },
          .apply = apply};
}

}  // namespace autotune
