#pragma once
#include <ATen/core/Tensor.h>

namespace autotune {

/// `input @ weight^T + bias`, however it was spelt.
struct LinearCall {
  const char* op;            ///< `linear`, `addmm`, `mm` or `matmul`.
  const at::Tensor& input;   ///< [..., K]
  const at::Tensor& weight;  ///< [N, K]; [K, N] if `transposed`.
  bool transposed = false;
  const at::Tensor& bias;  ///< [N]; undefined if there is none.

  /// [N, K]
  [[nodiscard]] at::Tensor matrix() const { return transposed ? weight.t() : weight; }
  [[nodiscard]] std::int64_t outputs() const { return weight.size(transposed ? 1 : 0); }
  /// A multiplication and an addition for each weight and row.
  [[nodiscard]] double flops() const {
    return 2.0 * static_cast<double>(input.numel()) * static_cast<double>(outputs());
  }
};

/// A convolution over one or two dimensions that is not transposed.
struct ConvolutionCall {
  const char* op;
  const at::Tensor& input;   ///< [B, C, ...]
  const at::Tensor& weight;  ///< [O, C / groups, ...]
  const at::Tensor& bias;    ///< [O]; undefined if there is none.
  at::IntArrayRef stride;
  at::IntArrayRef padding;
  at::IntArrayRef dilation;
  std::int64_t groups = 1;
  static constexpr bool transposed = false;

  [[nodiscard]] double flops() const;
};

/// A matrix operation that no weight can be prepared for.
struct PassedCall {
  const char* op;
  double flops = 0;
  at::ScalarType type;       ///< Of its operands.
  bool has_weights = false;  ///< It holds weights, but uses them out of reach.
};

/// What is asked before each matrix operation of a thread that is in the mode.
class Interceptor {
 public:
  virtual ~Interceptor() = default;

  /// The result; undefined where the operation is to run as it is.
  [[nodiscard]] virtual at::Tensor linear(const LinearCall& call) = 0;
  [[nodiscard]] virtual at::Tensor convolution(const ConvolutionCall& call) = 0;

  /// A matrix operation that runs as it is.
  virtual void passed(const PassedCall& call) = 0;
};

}  // namespace autotune
