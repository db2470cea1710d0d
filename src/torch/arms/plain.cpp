#include "torch/arms/arm_methods.hpp"

namespace autotune {

LayoutMethod plain_method() {
  return {.layout = Layout::plain,
          .obstacle = [](const Target&, const ModelFacts&) { return std::string(); },
          .serves = [](const PrecisionMethod& precision) { return !precision.needs_preparation; },
          .apply = [](Draft&, const PrecisionMethod&) {}};
}

}  // namespace autotune
