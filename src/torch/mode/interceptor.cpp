#include "torch/mode/interceptor.hpp"

namespace autotune {

// A multiplication and an addition per weight of an output, bias apart.
double ConvolutionCall::flops() const {
  double outputs = static_cast<double>(weight.size(0));
  if (input.dim() == weight.dim()) outputs *= static_cast<double>(input.size(0));
  const std::int64_t spatial = weight.dim() - 2;
  for (std::int64_t i = 0; i < spatial; ++i) {
    // One value may stand for all dimensions.
    const auto of = [&](at::IntArrayRef values) {
      return values.size() == 1 ? values[0] : values[static_cast<std::size_t>(i)];
    };
    const std::int64_t reach = of(dilation) * (weight.size(2 + i) - 1) + 1;
    const std::int64_t size = input.size(input.dim() - spatial + i) + 2 * of(padding);
    outputs *= static_cast<double>((size - reach) / of(stride) + 1);
  }
  return 2 * outputs * static_cast<double>(weight.numel()) / static_cast<double>(weight.size(0));
}

}  // namespace autotune
