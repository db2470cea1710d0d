#pragma once
#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <vector>

#include "autotune/trial.hpp"

namespace autotune {

/// The tensors of an output tree on the host in float, in the order of a walk.
[[nodiscard]] std::vector<at::Tensor> host_outputs(const c10::IValue& outputs);

/// Compares outputs with true FP32, chunk by chunk.
class AccuracyPass {
 public:
  /// @param rows of the inputs in this chunk: an output whose dimension 0 is as long is compared
  ///        row by row, another one as a whole
  void add(const std::vector<at::Tensor>& reference, const std::vector<at::Tensor>& outputs,
           int rows);

  [[nodiscard]] Accuracy result() const;

 private:
  void add_tensor(const at::Tensor& reference, const at::Tensor& output, int rows);

  Accuracy accuracy_;
  double squared_error_ = 0;
  double squared_reference_ = 0;
};

}  // namespace autotune
