#pragma once
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <functional>
#include <vector>

// Constants that a module's graphs hold beside its parameters and buffers.
namespace autotune {

/// Visits every node of a block and of the blocks inside it.
void for_each_node(torch::jit::Block* block, const std::function<void(torch::jit::Node*)>& visit);

/// Constant tensors of `forward`: the weights, once the module is frozen.
[[nodiscard]] std::vector<at::Tensor> graph_constants(const torch::jit::Module& module);

/// Brings every constant device and constant tensor to `device`: in the graph of every method of
/// the module and its submodules, and of every function that these call. A trace writes down the
/// device that it ran on, and `Module::to` moves parameters and buffers only.
/// Call it before the module first runs, since a run compiles the graphs.
void move_constants(const torch::jit::Module& module, c10::Device device);

}  // namespace autotune
