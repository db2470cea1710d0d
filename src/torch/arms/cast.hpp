#pragma once
#include <vector>

#include "torch/arms/arm_methods.hpp"

namespace autotune {

/// Ways to run a model in a half-size type, the cheapest at run time first: all floating tensors
/// cast where the graph names no type of its own; else autocast over weights that are cast already,
/// norms kept in FP32; else autocast with the norms cast too.
[[nodiscard]] std::vector<Route> cast_routes(const ModelFacts& facts, at::ScalarType type);

}  // namespace autotune
