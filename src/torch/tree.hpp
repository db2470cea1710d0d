#pragma once
#include <ATen/core/ivalue.h>

#include <functional>
#include <string>
#include <vector>

// Nested tuples, lists and dicts of tensors: what models take and return.
namespace autotune {

/// Visits every tensor with its path: `2.0` is element 0 of argument 2, `0.ids` entry `ids` of 0.
void for_each_tensor(const c10::IValue& value, const std::string& path,
                     const std::function<void(const std::string&, const at::Tensor&)>& visit);

/// A copy of the tree in which `change` has replaced every tensor, in the same order.
[[nodiscard]] c10::IValue map_tensors(const c10::IValue& value,
                                      const std::function<at::Tensor(const at::Tensor&)>& change);

[[nodiscard]] std::vector<at::Tensor> tensors_of(const c10::IValue& value);

/// Trees of one shape as one, their tensors joined along dimension 0. What is no tensor is taken
/// from the first.
[[nodiscard]] c10::IValue join_rows(const std::vector<c10::IValue>& parts);

/// A copy of `value` with the container types `type` asks for: a pickle's lists and dicts come
/// without element types, which TorchScript does not accept.
[[nodiscard]] c10::IValue with_type(const c10::IValue& value, const c10::TypePtr& type);

}  // namespace autotune
