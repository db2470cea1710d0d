#include <fmt/format.h>

#include "torch/arms/arm_methods.hpp"
#include "torch/arms/tf32_switch.hpp"

namespace autotune {
namespace {

std::string obstacle(const Target& target) {
  if (!target.device.is_cuda()) {
    return "TF32 is arithmetic of NVIDIA GPUs since Ampere; a CPU has none";
  }
  return target.compute_capability >= 80
             ? ""
             : fmt::format("TF32 needs compute capability 8.0, this GPU has {}.{}",
                           target.compute_capability / 10, target.compute_capability % 10);
}

}  // namespace

PrecisionMethod tf32_method() {
  return {.precision = Precision::tf32, .obstacle = obstacle, .routes = [](const ModelFacts&) {
            return std::vector<Route>{{"TF32 on", [](Draft& draft) { set_tf32(draft, true); }}};
          }};
}

}  // namespace autotune
