#pragma once
#include <functional>
#include <vector>

#include "torch/arms/arm_frame.hpp"
#include "torch/models/script_model.hpp"

namespace autotune {

using MakeScript = std::function<ScriptModel()>;

/// A TorchScript model as one arm runs it.
class ArmModel final : public LoadedArm {
 public:
  /// Brings the model to the arm's precision, layout and device, and freezes it where that works.
  /// Each route is tried with `example`, the arguments of one iteration, unless empty; a model that
  /// may keep state is made afresh after it.
  /// @param fresh gives a model that nothing else uses, on the CPU
  /// @param may_freeze false for a model that keeps state
  /// @throws Unreachable if no route runs; std::exception of the model if FP32 plain does not
  [[nodiscard]] static ArmModel make(const MakeScript& fresh, const ModelFacts& facts,
                                     const Arm& arm, const Target& target,
                                     const std::vector<c10::IValue>& example, bool may_freeze);

  [[nodiscard]] at::Tensor input(const at::Tensor& tensor) const override {
    return frame_.input(tensor);
  }
  [[nodiscard]] Entered enter() const override { return frame_.enter(); }
  [[nodiscard]] c10::IValue forward(std::vector<c10::IValue> arguments) override;
  [[nodiscard]] double coverage() const override { return frame_.coverage(); }
  [[nodiscard]] std::vector<Uncovered> uncovered() const override { return frame_.uncovered(); }

 private:
  ArmModel(ScriptModel model, ArmFrame frame);
  static ArmModel draft(ScriptModel model, const Arm& arm, const Target& target,
                        const Route& route);
  bool freeze(const std::vector<c10::IValue>& example);
  void try_out(const std::vector<c10::IValue>& example);
  void take_fresh(const ScriptModel& fresh);

  ScriptModel model_;
  ArmFrame frame_;
};

}  // namespace autotune
