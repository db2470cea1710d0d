#include "torch/arms/loaded_arm.hpp"

#include "torch/tree.hpp"

namespace autotune {

std::vector<c10::IValue> in_form(const LoadedArm& arm, std::vector<c10::IValue> arguments) {
  for (c10::IValue& argument : arguments) {
    argument = map_tensors(argument, [&](const at::Tensor& tensor) { return arm.input(tensor); });
  }
  return arguments;
}

}  // namespace autotune
