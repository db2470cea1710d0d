// Everything but the products of prepared weights stays as it is.
#include "torch/arms/arm_methods.hpp"
#include "torch/mode/quantized_rows.hpp"

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
              [](const ModelFacts& facts) {
                const bool share = facts.writes_nothing;
                return std::vector<Route>{{"prepared weights", [share](Draft& draft) {
                                             if (share) draft.call_scope = share_quantized_rows;
                                           }}};
              },
          .preparation = [] { return &int8_preparation(); },
          .needs_preparation = true};
}

}  // namespace autotune
