// FP32 and BF16 weights in the order that oneDNN's kernels read fastest, reordered once and not at
// every call; the bias is added in the kernel.
#include "torch/mode/library_call.hpp"
#include "torch/mode/preparation.hpp"

namespace autotune {
namespace {

using OptionalTensor = std::optional<at::Tensor>;

OptionalTensor as_optional(const at::Tensor& tensor, at::ScalarType type) {
  return tensor.defined() ? OptionalTensor(tensor.to(type)) : std::nullopt;
}

const c10::List<std::optional<at::Scalar>>& no_scalars() {
  static const c10::List<std::optional<at::Scalar>> none;
  return none;
}

class OnednnLinear final : public PreparedLinear {
 public:
  OnednnLinear(const LinearCall& call, at::ScalarType type)
      : type_(type),
        weight_(call_library("mkldnn::_reorder_linear_weight", call.matrix().to(type).contiguous(),
                             c10::IValue())) {}

  [[nodiscard]] at::Tensor run(const LinearCall& call) const override {
    return call_library("mkldnn::_linear_pointwise", call.input.to(type_), weight_,
                        as_optional(call.bias, type_), "none", no_scalars(), c10::IValue());
  }

 private:
  at::ScalarType type_;
  at::Tensor weight_;  ///< Opaque.
};

class OnednnConvolution final : public PreparedConvolution {
 public:
  OnednnConvolution(const ConvolutionCall& call, at::ScalarType type)
      : type_(type),
        geometry_(call),
        weight_(call_library("mkldnn::_reorder_convolution_weight",
                             call.weight.to(type).contiguous(), geometry_.padding, geometry_.stride,
                             geometry_.dilation, geometry_.groups, c10::IValue())) {}

  [[nodiscard]] at::Tensor run(const ConvolutionCall& call) const override {
    if (!geometry_.fits(call)) return {};
    return call_library("mkldnn::_convolution_pointwise", call.input.to(type_), weight_,
                        as_optional(call.bias, type_), geometry_.padding, geometry_.stride,
                        geometry_.dilation, geometry_.groups, "none", no_scalars(), c10::IValue());
  }

 private:
  at::ScalarType type_;
  Geometry geometry_;
  at::Tensor weight_;  ///< Opaque.
};

template <at::ScalarType Type>
constexpr Preparation preparation = {
    .arithmetic = Type,
    .takes = [](at::ScalarType input) { return input == Type || input == at::kFloat; },
    .linear = [](const LinearCall& call) -> std::unique_ptr<PreparedLinear> {
      return std::make_unique<OnednnLinear>(call, Type);
    },
    .convolution = [](const ConvolutionCall& call) -> std::unique_ptr<PreparedConvolution> {
      return prepare_convolution<OnednnConvolution>(call, Type);
    }};

}  // namespace

const Preparation& fp32_preparation() { return preparation<at::kFloat>; }
const Preparation& bf16_preparation() { return preparation<at::kBFloat16>; }

}  // namespace autotune
