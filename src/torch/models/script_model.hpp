#pragma once
#include <ATen/core/Tensor.h>
#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "torch/arms/model_facts.hpp"

namespace autotune {

struct GraphFacts;

/// What is the same for every load of a file.
struct ModelShape {
  std::shared_ptr<const GraphFacts> graph;
  ModelFacts facts;
  c10::FunctionSchema schema;  ///< Of `forward`.
};

/// A TorchScript module in evaluation mode, without gradients. Copies are explicit; a moved or
/// copied handle is the same module.
class ScriptModel {
 public:
  /// Every load is an independent model with compiled graphs of its own.
  /// @param device where its tensors and its constants are to be, wherever it was traced
  /// @param like an earlier load of the same file, whose facts are taken over
  /// @throws Error (model) if the file is missing, empty or no TorchScript file
  [[nodiscard]] static ScriptModel load(const std::filesystem::path& file, c10::Device device,
                                        const ModelShape* like = nullptr);

  /// A copy with weights folded into its graph.
  /// @throws std::exception if TorchScript cannot freeze it
  [[nodiscard]] ScriptModel frozen() const;

  [[nodiscard]] c10::IValue forward(std::vector<c10::IValue> arguments);
  [[nodiscard]] const c10::FunctionSchema& schema() const;
  [[nodiscard]] std::vector<ModelTensor> tensors() const;
  [[nodiscard]] const ModelFacts& facts() const;
  [[nodiscard]] ModelShape shape() const;

  /// Every tensor that the model holds, constants of its graph among them.
  [[nodiscard]] std::vector<at::Tensor> weights() const;

  /// Brings everything that a run may have changed (attributes that are no parameters) to what
  /// `fresh`, a copy of the same model made in the same way, holds. Tensors that are equal stay.
  void take_state(const ScriptModel& fresh);

 private:
  struct Impl;
  explicit ScriptModel(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace autotune
