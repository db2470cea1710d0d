#pragma once
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include <utility>

namespace autotune {

/// Calls an operation that LibTorch has no C++ function for. Boxed: the registered C++ signatures
/// (by value or by reference) differ between versions, the schemas do not.
/// @throws c10::Error if this LibTorch has no such operation, or it refuses the arguments
template <typename... Arguments>
at::Tensor call_library(const char* operation, Arguments&&... arguments) {
  const auto op = c10::Dispatcher::singleton().findSchemaOrThrow(operation, "");
  torch::jit::Stack stack;
  stack.reserve(sizeof...(arguments));
  torch::jit::push(stack, std::forward<Arguments>(arguments)...);
  op.callBoxed(stack);
  return std::move(stack.front()).toTensor();
}

}  // namespace autotune
