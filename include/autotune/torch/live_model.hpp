#pragma once
#include <ATen/core/ivalue.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "autotune/torch/example_inputs.hpp"
#include "autotune/torch/export.hpp"
#include "autotune/worker.hpp"
#include "autotune/workload.hpp"

namespace autotune {

/// A model that lives in this process: a C++ module, or anything else that runs LibTorch operations
/// on tensors of its own.
struct LiveModel {
  struct Tensor {
    std::string name;   ///< `encoder.0.weight`.
    at::Tensor tensor;  ///< A handle on the model's own tensor.
  };
  std::string name;  ///< What its profile is found by, with its tensors' names, types and shapes.
  std::vector<Tensor> parameters;
  std::vector<Tensor> buffers;  ///< What else it holds; a run may change them in place.
  /// One call, in evaluation mode.
  std::function<c10::IValue(std::vector<c10::IValue>)> forward;
};

/// The parameters and buffers of a `torch::nn` module and a `forward` of your choice.
/// @param module a ModuleHolder or a shared_ptr of a module, in evaluation mode
template <typename Module>
[[nodiscard]] LiveModel live_model(const Module& module, std::string name,
                                   std::function<c10::IValue(std::vector<c10::IValue>)> forward) {
  LiveModel live{
      .name = std::move(name), .parameters = {}, .buffers = {}, .forward = std::move(forward)};
  for (const auto& entry : module->named_parameters()) {
    live.parameters.push_back({entry.key(), entry.value()});
  }
  for (const auto& entry : module->named_buffers()) {
    live.buffers.push_back({entry.key(), entry.value()});
  }
  return live;
}

/// The same for a module whose `forward` takes one tensor and gives one.
template <typename Module>
[[nodiscard]] LiveModel live_model(const Module& module, std::string name) {
  return live_model(module, std::move(name),
                    [module = Module(module)](std::vector<c10::IValue> arguments) mutable {
                      return c10::IValue(module->forward(arguments.at(0).toTensor()));
                    });
}

/// A live model as a workload, run in this process and on the device where its tensors are.
///
/// An arm changes the model's floating tensors in place and gives them back, bit for bit, before
/// the next arm and at the end; so do buffers that a run has changed. Nothing else may use the
/// model in the meantime. A crash of the model, or memory that it fills, ends this process: tune a
/// file where that matters.
/// @param options its `name` (else the model's), `unit`, `units_per_item`, `units_from_mask`,
///        `hot_inputs` and `copy_inputs`
/// @throws Error (model) if it has no tensors, or tensors on several devices
[[nodiscard]] AUTOTUNE_TORCH_API std::unique_ptr<Workload> make_live_workload(
    LiveModel model, const ExampleInputs& inputs, WorkloadOptions options = {});

}  // namespace autotune
