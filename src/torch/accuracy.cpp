#include "torch/accuracy.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <cmath>

#include "torch/tree.hpp"

namespace autotune {
namespace {

// Where the reference itself is infinite or no number (masked logits), the output must be the same;
// such places count as zero in both, everything else of the output must be finite.
bool agree_where_not_finite(const at::Tensor& reference, const at::Tensor& output) {
  const at::Tensor finite = at::isfinite(reference);
  const at::Tensor same = (reference == output) | (reference.isnan() & output.isnan());
  return at::where(finite, at::isfinite(output), same).all().item<bool>();
}

at::Tensor zero_where_not_finite(const at::Tensor& values) {
  return values.nan_to_num(0.0, 0.0, 0.0);
}

/// The smallest cosine of a row of `a` with that of `b`; two rows of zeros agree.
double worst_row_cosine(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor norms = a.norm(2, 1) * b.norm(2, 1);
  const at::Tensor both_zero = (a.norm(2, 1) == 0) & (b.norm(2, 1) == 0);
  const at::Tensor cosines = (a * b).sum(1) / norms.clamp_min(1e-300);
  return at::where(both_zero, at::ones_like(cosines), cosines).min().item<double>();
}

}  // namespace

std::vector<at::Tensor> host_outputs(const c10::IValue& outputs) {
  std::vector<at::Tensor> host;
  for (const at::Tensor& tensor : tensors_of(outputs)) {
    // A copy even where type and device fit: a model may reuse its output's storage.
    host.push_back(tensor.to(at::TensorOptions(at::kCPU).dtype(at::kFloat), false, true));
  }
  return host;
}

void AccuracyPass::add(const std::vector<at::Tensor>& reference,
                       const std::vector<at::Tensor>& outputs, int rows) {
  accuracy_.rows += rows;
  if (reference.size() != outputs.size()) {
    accuracy_.finite = false;
    return;
  }
  for (std::size_t i = 0; i < reference.size(); ++i) {
    add_tensor(reference[i], outputs[i], rows);
  }
}

void AccuracyPass::add_tensor(const at::Tensor& reference, const at::Tensor& output, int rows) {
  if (reference.sizes() != output.sizes()) {
    accuracy_.finite = false;
    return;
  }
  if (reference.numel() == 0) {
    return;
  }
  accuracy_.finite = accuracy_.finite && agree_where_not_finite(reference, output);
  const bool by_row = reference.dim() > 0 && reference.size(0) == rows;
  const at::Tensor a =
      zero_where_not_finite(reference.to(at::kDouble)).reshape({by_row ? rows : 1, -1});
  const at::Tensor b = zero_where_not_finite(output.to(at::kDouble)).reshape(a.sizes());
  squared_error_ += (a - b).square().sum().item<double>();
  squared_reference_ += a.square().sum().item<double>();
  if (a.size(1) > 1) {  // the cosine of one-element rows is ±1 and tells nothing
    accuracy_.worst_cosine = std::min(accuracy_.worst_cosine, worst_row_cosine(a, b));
  }
}

Accuracy AccuracyPass::result() const {
  Accuracy accuracy = accuracy_;
  // Against a reference of zeros every error is as large as the error itself.
  accuracy.relative_l2 = squared_reference_ > 0 ? std::sqrt(squared_error_ / squared_reference_)
                                                : std::sqrt(squared_error_);
  return accuracy;
}

}  // namespace autotune
