#include "torch/arm_methods.hpp"

namespace autotune {

LayoutMethod plain_method() {
  return {.layout = Layout::plain,
          .obstacle = [](const Target&, const ModelFacts&) { return std::string(); },
          .apply = [](Draft&) {}};
}

}  // namespace autotune
