// Everything but the products of prepared weights stays as it is.
#include "torch/arm_methods.hpp"
#include "torch/tf32_switch.hpp"

namespace autotune {
namespace {

std::string obstacle(const Target& target) {
  return target.device.is_cuda() ? "INT8 on GPUs is not made yet" : "";
}

}  // namespace

PrecisionMethod int8_method() {
  return {.precision = Precision::int8,
          .obstacle = obstacle,
          .routes =
              [](const ModelFacts&) {
                return std::vector<Route>{{"prepared weights", [](Draft& draft) {
                                             draft.scopes.push_back(tf32_scope(false));
                                           }}};
              },
          .preparation = [] { return &int8_preparation(); },
          .needs_preparation = true};
}

}  // namespace autotune
