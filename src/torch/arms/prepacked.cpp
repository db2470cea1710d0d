#include "torch/arms/arm_methods.hpp"
#include "torch/mode/interception.hpp"

namespace autotune {
namespace {

std::string obstacle(const Target& target, const ModelFacts&) {
  return target.device.is_cuda() ? "weights are prepared for CPUs only" : interception_obstacle();
}

}  // namespace

LayoutMethod prepacked_method() {
  return {
      .layout = Layout::prepacked,
      .obstacle = obstacle,
      .serves = [](const PrecisionMethod& precision) { return precision.preparation != nullptr; },
      .apply =
          [](Draft& draft, const PrecisionMethod& precision) {
            draft.preparation = precision.preparation();
          }};
}

}  // namespace autotune
