#include <array>

#include "autotune/device.hpp"
#include "torch/arms/arm_methods.hpp"
#include "torch/device_runtime.hpp"

namespace autotune {

std::span<const PrecisionMethod> precision_methods() {
  static const std::array table = {fp32_method(), tf32_method(), fp16_method(), bf16_method(),
                                   int8_method()};
  return table;
}

std::span<const LayoutMethod> layout_methods() {
  static const std::array table = {plain_method(), channels_last_method(), prepacked_method()};
  return table;
}

Target target_of(c10::Device device) {
  const std::vector<std::string> features = cpu_device().features;
  return {.device = device,
          .compute_capability = compute_capability(device),
          .cpu_features = {features.begin(), features.end()}};
}

}  // namespace autotune
