#include "torch/mode/interception.hpp"

#include <ATen/Functions.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <fmt/format.h>
#include <torch/library.h>

#include <optional>
#include <vector>

#include "torch/failure.hpp"

namespace autotune {
namespace {

// A key that nothing in LibTorch uses, above autocast, so that an operation is seen as the model
// spelt it. Should a LibTorch come without it: AutocastCPU and AutocastCUDA can stand in, with the
// core's casts of the same operations called from here.
constexpr auto mode_key = c10::DispatchKey::DeferredInit;

using OptionalTensor = std::optional<at::Tensor>;

thread_local Interceptor* current = nullptr;

/// Inside, operations reach LibTorch's own kernels.
struct Outside {
  c10::impl::ExcludeDispatchKeyGuard guard{mode_key};
};

const at::Tensor& or_undefined(const OptionalTensor& tensor) {
  static const at::Tensor undefined;
  return tensor ? *tensor : undefined;
}

double as_double(std::int64_t value) { return static_cast<double>(value); }

at::Tensor linear(const at::Tensor& input, const at::Tensor& weight, const OptionalTensor& bias) {
  const Outside outside;
  if (current != nullptr && weight.dim() == 2) {
    at::Tensor result = current->linear({"linear", input, weight, false, or_undefined(bias)});
    if (result.defined()) return result;
  }
  return at::linear(input, weight, bias);
}

/// @param bias undefined if there is none
at::Tensor product(const char* op, const at::Tensor& input, const at::Tensor& weight,
                   const at::Tensor& bias) {
  if (current == nullptr || input.dim() < 2 || weight.dim() != 2) return {};
  return current->linear({op, input, weight, true, bias});
}

void tell_product(const char* op, const at::Tensor& left, const at::Tensor& result) {
  if (current == nullptr || left.dim() == 0) return;
  current->passed(
      {op, 2 * as_double(result.numel()) * as_double(left.size(-1)), left.scalar_type()});
}

at::Tensor mm(const at::Tensor& input, const at::Tensor& weight) {
  const Outside outside;
  at::Tensor result = product("mm", input, weight, or_undefined({}));
  return result.defined() ? result : at::mm(input, weight);
}

at::Tensor matmul(const at::Tensor& left, const at::Tensor& right) {
  const Outside outside;
  at::Tensor result = product("matmul", left, right, or_undefined({}));
  if (result.defined()) return result;
  result = at::matmul(left, right);
  if (left.dim() < 2 || right.dim() != 2) tell_product("matmul", left, result);
  return result;
}

bool is_bias(const at::Tensor& tensor, const at::Tensor& weight) {
  return tensor.dim() == 1 && tensor.size(0) == weight.size(1);
}

at::Tensor addmm(const at::Tensor& self, const at::Tensor& input, const at::Tensor& weight,
                 const at::Scalar& beta, const at::Scalar& alpha) {
  const Outside outside;
  if (beta.equal(1) && alpha.equal(1) && is_bias(self, weight)) {
    at::Tensor result = product("addmm", input, weight, self);
    if (result.defined()) return result;
  }
  return at::addmm(self, input, weight, beta, alpha);
}

at::Tensor bmm(const at::Tensor& left, const at::Tensor& right) {
  const Outside outside;
  at::Tensor result = at::bmm(left, right);
  tell_product("bmm", left, result);
  return result;
}

at::Tensor baddbmm(const at::Tensor& self, const at::Tensor& left, const at::Tensor& right,
                   const at::Scalar& beta, const at::Scalar& alpha) {
  const Outside outside;
  at::Tensor result = at::baddbmm(self, left, right, beta, alpha);
  tell_product("baddbmm", left, result);
  return result;
}

at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const OptionalTensor& mask, double dropout, bool is_causal,
                     std::optional<double> scale, bool enable_gqa) {
  const Outside outside;
  at::Tensor result = at::scaled_dot_product_attention(query, key, value, mask, dropout, is_causal,
                                                       scale, enable_gqa);
  if (current != nullptr && query.dim() >= 2) {
    const double scores = as_double(query.numel()) * as_double(key.size(-2));
    const double values = as_double(result.numel()) * as_double(key.size(-2));
    current->passed({"scaled_dot_product_attention", 2 * (scores + values), query.scalar_type()});
  }
  return result;
}

at::Tensor intercepted_convolution(const ConvolutionCall& call, bool transposed) {
  if (current == nullptr || transposed) return {};
  return current->convolution(call);
}

at::Tensor convolution(const at::Tensor& input, const at::Tensor& weight,
                       const OptionalTensor& bias, at::IntArrayRef stride, at::IntArrayRef padding,
                       at::IntArrayRef dilation, bool transposed, at::IntArrayRef output_padding,
                       std::int64_t groups) {
  const Outside outside;
  at::Tensor result = intercepted_convolution(
      {"convolution", input, weight, or_undefined(bias), stride, padding, dilation, groups},
      transposed);
  if (result.defined()) return result;
  return at::convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding,
                         groups);
}

// As tracing writes it.
at::Tensor traced_convolution(const at::Tensor& input, const at::Tensor& weight,
                              const OptionalTensor& bias, at::IntArrayRef stride,
                              at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
                              at::IntArrayRef output_padding, std::int64_t groups, bool benchmark,
                              bool deterministic, bool cudnn_enabled, bool allow_tf32) {
  const Outside outside;
  at::Tensor result = intercepted_convolution(
      {"_convolution", input, weight, or_undefined(bias), stride, padding, dilation, groups},
      transposed);
  if (result.defined()) return result;
  return at::_convolution(input, weight, bias, stride, padding, dilation, transposed,
                          output_padding, groups, benchmark, deterministic, cudnn_enabled,
                          allow_tf32);
}

/// Weights of recurrent layers are used inside one operation.
template <typename Parameters>
void tell_recurrence(const char* op, const at::Tensor& input, const Parameters& parameters) {
  if (current == nullptr || input.dim() != 3) return;
  double weights = 0;
  for (const at::Tensor& parameter : parameters) {
    if (parameter.dim() == 2) weights += as_double(parameter.numel());
  }
  current->passed({op, 2 * as_double(input.size(0)) * as_double(input.size(1)) * weights,
                   input.scalar_type(), true});
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> lstm(const at::Tensor& input, at::TensorList state,
                                                    at::TensorList parameters, bool has_biases,
                                                    std::int64_t layers, double dropout, bool train,
                                                    bool bidirectional, bool batch_first) {
  tell_recurrence("lstm", input, parameters);
  const Outside outside;
  return at::lstm(input, state, parameters, has_biases, layers, dropout, train, bidirectional,
                  batch_first);
}

std::tuple<at::Tensor, at::Tensor> gru(const at::Tensor& input, const at::Tensor& state,
                                       at::TensorList parameters, bool has_biases,
                                       std::int64_t layers, double dropout, bool train,
                                       bool bidirectional, bool batch_first) {
  tell_recurrence("gru", input, parameters);
  const Outside outside;
  return at::gru(input, state, parameters, has_biases, layers, dropout, train, bidirectional,
                 batch_first);
}

/// Kept to the end of the process: LibTorch's own tables end in no order that is known here.
void register_kernels() {
  const auto everything =
      new torch::Library(torch::Library::IMPL, "_", mode_key, __FILE__, __LINE__);
  everything->fallback(torch::CppFunction::makeFallthrough());
  const auto aten = new torch::Library(torch::Library::IMPL, "aten", mode_key, __FILE__, __LINE__);
  aten->impl("linear", TORCH_FN(linear));
  aten->impl("mm", TORCH_FN(mm));
  aten->impl("matmul", TORCH_FN(matmul));
  aten->impl("addmm", TORCH_FN(addmm));
  aten->impl("bmm", TORCH_FN(bmm));
  aten->impl("baddbmm", TORCH_FN(baddbmm));
  aten->impl("scaled_dot_product_attention", TORCH_FN(attention));
  aten->impl("convolution", TORCH_FN(convolution));
  aten->impl("_convolution", TORCH_FN(traced_convolution));
  aten->impl("lstm.input", TORCH_FN(lstm));
  aten->impl("gru.input", TORCH_FN(gru));
}

/// Counts what it is asked.
class Witness final : public Interceptor {
 public:
  at::Tensor linear(const LinearCall&) override {
    ++linears;
    return {};
  }
  at::Tensor convolution(const ConvolutionCall&) override {
    ++convolutions;
    return {};
  }
  void passed(const PassedCall&) override { ++others; }

  int linears = 0;
  int convolutions = 0;
  int others = 0;
};

void run_one_of_each() {
  const at::Tensor a = at::ones({2, 3, 3});
  const at::Tensor w = at::ones({3, 3});
  static_cast<void>(at::linear(a, w));
  static_cast<void>(at::matmul(a, w));
  static_cast<void>(at::mm(w, w));
  static_cast<void>(at::addmm(at::ones({3}), w, w));
  static_cast<void>(at::conv1d(a, at::ones({1, 3, 1})));
  static_cast<void>(at::conv2d(at::ones({1, 1, 2, 2}), at::ones({1, 1, 1, 1})));
  static_cast<void>(at::bmm(a, a));
}

/// The mode of one thread.
class Mode {
 public:
  explicit Mode(std::shared_ptr<Interceptor> interceptor)
      : interceptor_(std::move(interceptor)), outer_(current) {
    current = interceptor_.get();
  }
  ~Mode() { current = outer_; }
  Mode(const Mode&) = delete;
  Mode& operator=(const Mode&) = delete;

 private:
  std::shared_ptr<Interceptor> interceptor_;
  Interceptor* outer_;
  c10::impl::IncludeDispatchKeyGuard guard_{mode_key};
};

/// What the self-test misses; empty if it passed.
std::string test_itself() {
  const c10::InferenceMode inference;
  const auto witness = std::make_shared<Witness>();
  {
    const Mode mode(witness);
    run_one_of_each();
  }
  const Witness seen = *witness;
  run_one_of_each();
  if (seen.linears == 4 && seen.convolutions == 2 && seen.others == 1 && witness->linears == 4) {
    return "";
  }
  return fmt::format(
      "the self-test saw {} of 4 products, {} of 2 convolutions and {} of 1 batched products in "
      "the mode, {} outside it",
      seen.linears, seen.convolutions, seen.others, witness->linears - seen.linears);
}

std::string set_up() {
  std::string problem;
  try {
    register_kernels();
    problem = test_itself();
  } catch (const std::exception& error) {
    problem = short_message(error);
  }
  return problem.empty()
             ? ""
             : "matrix operations of this LibTorch cannot be intercepted (" + problem + ")";
}

}  // namespace

const std::string& interception_obstacle() {
  static const std::string obstacle = set_up();
  return obstacle;
}

std::shared_ptr<void> intercept(std::shared_ptr<Interceptor> interceptor) {
  if (const std::string& obstacle = interception_obstacle(); !obstacle.empty()) {
    throw Unreachable(obstacle);
  }
  return std::make_shared<Mode>(std::move(interceptor));
}

}  // namespace autotune
