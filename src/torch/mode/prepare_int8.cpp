// INT8 weights with one scale per output, INT8 inputs with one scale per row, multiplied by oneDNN:
// no calibration, and one long row does not cost the others their precision.
#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>

#include <stdexcept>

#include "kernels/quantize.h"
#include "torch/mode/library_call.hpp"
#include "torch/mode/preparation.hpp"
#include "torch/mode/quantized_rows.hpp"
#include "torch/mode/rows_per_task.hpp"

namespace autotune {
namespace {

/// `products` times its rows' scales, plus `bias`, in place.
/// @param products [M, N]
/// @param bias [N] in float, or undefined
void rescale(const at::Tensor& products, const at::Tensor& scales, const at::Tensor& bias) {
  const std::int64_t columns = products.size(1);
  auto* const values = products.mutable_data_ptr<float>();
  const float* const by = scales.const_data_ptr<float>();
  const float* const plus = bias.defined() ? bias.const_data_ptr<float>() : nullptr;
  at::parallel_for(
      0, products.size(0), rows_per_task(columns), [&](std::int64_t begin, std::int64_t end) {
        autotune_scale_rows(values + begin * columns, end - begin, columns, by + begin, plus);
      });
}

const c10::List<std::optional<at::Scalar>>& no_scalars() {
  static const c10::List<std::optional<at::Scalar>> none;
  return none;
}

/// A weight in bytes, symmetric round zero, and what one step of each output is worth.
struct QuantizedWeight {
  at::Tensor values;       ///< As the weight, contiguous.
  at::Tensor scales;       ///< [outputs]
  at::Tensor zero_points;  ///< [outputs], all 0
};

/// @param weight [outputs, ...]
QuantizedWeight quantize_weight(const at::Tensor& given) {
  const at::Tensor weight = given.to(at::kFloat).contiguous();
  if (!weight.isfinite().all().item<bool>()) {
    throw std::runtime_error("the weight has elements that are not finite");
  }
  const at::Tensor largest = weight.flatten(1).abs().amax(1);
  const at::Tensor scales = at::where(largest > 0, largest / autotune_weight_levels(), 1.0);
  auto by_output = std::vector<std::int64_t>(static_cast<std::size_t>(weight.dim()), 1);
  by_output[0] = weight.size(0);
  return {(weight / scales.view(by_output)).round().to(at::kChar), scales,
          at::zeros({weight.size(0)}, at::kInt)};
}

class Int8Linear final : public PreparedLinear {
 public:
  explicit Int8Linear(const LinearCall& call) : weight_(quantize_weight(call.matrix())) {
    weight_.values = call_library("onednn::qlinear_prepack", weight_.values, c10::IValue());
  }

  [[nodiscard]] at::Tensor run(const LinearCall& call) const override {
    const at::Tensor rows = call.input.reshape({-1, call.input.size(-1)}).contiguous();
    const QuantizedRows quantized = quantize_rows(call.input, rows);
    const at::Tensor products = call_library(
        "onednn::qlinear_pointwise", quantized.values, 1.0, input_zero_point, weight_.values,
        weight_.scales, weight_.zero_points, c10::IValue(), 1.0, std::int64_t{0},
        static_cast<std::int64_t>(at::kFloat), "none", no_scalars(), "");
    rescale(products, quantized.scales,
            call.bias.defined() ? call.bias.to(at::kFloat).contiguous() : call.bias);
    auto sizes = call.input.sizes().vec();
    sizes.back() = products.size(1);
    return products.view(sizes);
  }

 private:
  QuantizedWeight weight_;  ///< Its values are opaque.
};

/// One scale per sample of the batch.
class Int8Convolution final : public PreparedConvolution {
 public:
  explicit Int8Convolution(const ConvolutionCall& call)
      : geometry_(call), weight_(quantize_weight(call.weight)) {
    weight_.values = call_library("onednn::qconv_prepack", weight_.values, weight_.scales, 1.0,
                                  input_zero_point, geometry_.stride, geometry_.padding,
                                  geometry_.dilation, geometry_.groups, c10::IValue());
  }

  [[nodiscard]] at::Tensor run(const ConvolutionCall& call) const override {
    if (!geometry_.fits(call)) return {};
    const at::Tensor samples = call.input.contiguous();
    const QuantizedRows quantized = quantize_rows(call.input, samples.flatten(1));
    const at::Tensor sums = call_library(
        "onednn::qconv2d_pointwise", quantized.values.view(samples.sizes()), 1.0, input_zero_point,
        weight_.values, weight_.scales, weight_.zero_points, c10::IValue(), geometry_.stride,
        geometry_.padding, geometry_.dilation, geometry_.groups, 1.0, std::int64_t{0},
        static_cast<std::int64_t>(at::kFloat), "none", no_scalars(), "");
    sums.mul_(quantized.scales.view({-1, 1, 1, 1}));
    return call.bias.defined() ? sums.add_(call.bias.view({1, -1, 1, 1})) : sums;
  }

 private:
  Geometry geometry_;
  QuantizedWeight weight_;  ///< Its values are opaque.
};

constexpr Preparation preparation = {
    .arithmetic = at::kQInt8,  // No tensor of the model has it: what is not prepared is not INT8.
    .takes = [](at::ScalarType input) { return input == at::kFloat; },
    .linear = [](const LinearCall& call) -> std::unique_ptr<PreparedLinear> {
      return std::make_unique<Int8Linear>(call);
    },
    .convolution = [](const ConvolutionCall& call) -> std::unique_ptr<PreparedConvolution> {
      return prepare_convolution<Int8Convolution>(call);
    }};

}  // namespace

const Preparation& int8_preparation() { return preparation; }

}  // namespace autotune
