#pragma once
#include <ATen/core/Tensor.h>

#include <string>

// What an arm is told of a model that is brought to it.
namespace autotune {

/// A parameter or buffer. `tensor` is a handle: `set_data` on it changes the model.
struct ModelTensor {
  std::string name;             ///< `encoder.layer.0.weight`.
  std::string owner;            ///< Type of the submodule that holds it, e.g. `LayerNorm`.
  bool of_convolution = false;  ///< A weight that a convolution of `forward` reads.
  at::Tensor tensor;
};

/// What a model's graph tells about how it may be changed.
struct ModelFacts {
  bool has_dtype_constants = false;  ///< It names a floating type, or holds floating constants.
  bool has_convolutions = false;     ///< With 4-D or 5-D weights.
  bool may_keep_state = false;       ///< It writes to an attribute, or to any tensor in place.
  bool writes_nothing = false;       ///< Neither: its whole graph was read.
};

}  // namespace autotune
