#include "torch/arms/arm_methods.hpp"
#include "torch/arms/tf32_switch.hpp"

namespace autotune {

PrecisionMethod fp32_method() {
  return {
      .precision = Precision::fp32,
      .obstacle = [](const Target&) { return std::string(); },
      .routes =
          [](const ModelFacts&) {
            return std::vector<Route>{{"true FP32", [](Draft& draft) { set_tf32(draft, false); }}};
          },
      .preparation = [] { return &fp32_preparation(); }};
}

}  // namespace autotune
