#include "torch/mode/preparation.hpp"

#include <stdexcept>

namespace autotune {

Geometry::Geometry(const ConvolutionCall& call)
    : stride(call.stride.vec()),
      padding(call.padding.vec()),
      dilation(call.dilation.vec()),
      groups(call.groups) {
  if (call.weight.dim() != 4 || call.input.dim() != 4) {
    throw std::runtime_error("only convolutions over one or two dimensions are prepared");
  }
}

bool Geometry::fits(const ConvolutionCall& call) const {
  return call.input.dim() == 4 && call.stride == at::IntArrayRef(stride) &&
         call.padding == at::IntArrayRef(padding) && call.dilation == at::IntArrayRef(dilation) &&
         call.groups == groups;
}

FlatCall::FlatCall(const ConvolutionCall& call)
    : op_(call.op),
      input_(call.input.unsqueeze(-2)),
      weight_(call.weight.unsqueeze(-2)),
      bias_(call.bias),
      stride_{1, call.stride.front()},
      padding_{0, call.padding.front()},
      dilation_{1, call.dilation.front()},
      groups_(call.groups) {}

at::Tensor FlatConvolution::run(const ConvolutionCall& call) const {
  const FlatCall flat(call);
  const at::Tensor result = of_images_->run(flat.call());
  return result.defined() ? result.squeeze(-2) : result;
}

}  // namespace autotune
