#pragma once
#include <memory>
#include <vector>

#include "torch/mode/interceptor.hpp"

// How the weights of each precision are prepared: one file each.
namespace autotune {

/// A weight in the form that its kernel wants. Calls from several threads at once are safe.
template <typename Call>
class PreparedWeight {
 public:
  virtual ~PreparedWeight() = default;
  /// @param call of this weight, its input of a type that the preparation takes
  /// @return undefined if it was prepared for other calls
  [[nodiscard]] virtual at::Tensor run(const Call& call) const = 0;
};
using PreparedLinear = PreparedWeight<LinearCall>;
using PreparedConvolution = PreparedWeight<ConvolutionCall>;

/// What a convolution's weight is prepared for.
struct Geometry {
  /// @throws std::runtime_error unless it is a convolution over two dimensions
  explicit Geometry(const ConvolutionCall& call);
  [[nodiscard]] bool fits(const ConvolutionCall& call) const;

  std::vector<std::int64_t> stride;
  std::vector<std::int64_t> padding;
  std::vector<std::int64_t> dilation;
  std::int64_t groups = 1;
};

/// A convolution over one dimension, as one over images of height 1.
class FlatCall {
 public:
  explicit FlatCall(const ConvolutionCall& call);
  /// Refers to this.
  [[nodiscard]] ConvolutionCall call() const {
    return {op_, input_, weight_, bias_, stride_, padding_, dilation_, groups_};
  }

 private:
  const char* op_;
  at::Tensor input_;
  at::Tensor weight_;
  at::Tensor bias_;
  std::vector<std::int64_t> stride_;
  std::vector<std::int64_t> padding_;
  std::vector<std::int64_t> dilation_;
  std::int64_t groups_;
};

/// A prepared convolution over one dimension by way of one over two.
class FlatConvolution final : public PreparedConvolution {
 public:
  explicit FlatConvolution(std::unique_ptr<PreparedConvolution> of_images)
      : of_images_(std::move(of_images)) {}
  [[nodiscard]] at::Tensor run(const ConvolutionCall& call) const override;

 private:
  std::unique_ptr<PreparedConvolution> of_images_;
};

/// `Convolution`, made for a call over two dimensions or one.
template <typename Convolution, typename... Arguments>
std::unique_ptr<PreparedConvolution> prepare_convolution(const ConvolutionCall& call,
                                                         Arguments... arguments) {
  if (call.weight.dim() != 3) return std::make_unique<Convolution>(call, arguments...);
  const FlatCall flat(call);
  return std::make_unique<FlatConvolution>(
      std::make_unique<Convolution>(flat.call(), arguments...));
}

/// How one precision prepares weights.
struct Preparation {
  at::ScalarType arithmetic;  ///< What the products run in.
  /// Whether inputs of this type are taken; others run as they are.
  bool (*takes)(at::ScalarType input) = nullptr;
  /// Both take the first call that reads a weight.
  /// @throws std::exception if the kernel does not take such a weight
  std::unique_ptr<PreparedLinear> (*linear)(const LinearCall& call) = nullptr;
  std::unique_ptr<PreparedConvolution> (*convolution)(const ConvolutionCall& call) = nullptr;
};

/// oneDNN's own order of the weights, in FP32 and in BF16.
[[nodiscard]] const Preparation& fp32_preparation();
[[nodiscard]] const Preparation& bf16_preparation();

/// INT8 products of INT8 weights (one scale per output) and inputs (one scale per row).
[[nodiscard]] const Preparation& int8_preparation();

}  // namespace autotune
