#include "torch/mode/preparation.hpp"

#include <stdexcept>

namespace autotune {

Geometry::Geometry(const ConvolutionCall& call)
    : stride(call.stride.vec()),
      padding(call.padding.vec()),
      dilation(call.dilation.vec()),
      groups(call.groups) {
  if (call.weight.dim() != 4 || call.input.dim() != 4) {
    throw std::runtime_error("only 2-D convolutions are prepared");
  }
}

bool Geometry::fits(const ConvolutionCall& call) const {
  return call.input.dim() == 4 && call.stride == at::IntArrayRef(stride) &&
         call.padding == at::IntArrayRef(padding) && call.dilation == at::IntArrayRef(dilation) &&
         call.groups == groups;
}

}  // namespace autotune
