#pragma once
#include <torch/csrc/jit/api/module.h>

#include <set>
#include <string>

#include "torch/models/script_model.hpp"

namespace autotune {

struct GraphFacts {
  ModelFacts model;
  std::set<std::string> convolution_weights;  ///< Qualified names, 4-D and 5-D only.
};

/// Reads the inlined graph of `forward`.
[[nodiscard]] GraphFacts read_graph(const torch::jit::Module& module);

}  // namespace autotune
