#pragma once
#include <memory>
#include <string>
#include <vector>

#include "torch/arm_methods.hpp"
#include "torch/loaded_arm.hpp"
#include "torch/mode/plan.hpp"

namespace autotune {

/// A TorchScript model as one arm runs it.
class ArmModel final : public LoadedArm {
 public:
  /// Copies `master`, brings it to the arm's precision, layout and device, and freezes it where
  /// that works. Each route is tried with `example`, the arguments of one iteration, unless empty;
  /// a model that may keep state is made afresh after it.
  /// @param may_freeze false for a model that keeps state
  /// @throws Unreachable if no route runs; std::exception of the model if FP32 plain does not
  [[nodiscard]] static ArmModel make(const ScriptModel& master, const Arm& arm,
                                     const Target& target, const std::vector<c10::IValue>& example,
                                     bool may_freeze);

  /// Why the device or the model cannot run the arm; empty if nothing is known against it.
  [[nodiscard]] static std::string obstacle(const Arm& arm, const Target& target,
                                            const ModelFacts& facts);

  [[nodiscard]] at::Tensor input(const at::Tensor& tensor) const override;
  [[nodiscard]] Entered enter() const override;
  [[nodiscard]] c10::IValue forward(std::vector<c10::IValue> arguments) override;
  [[nodiscard]] double coverage() const override;
  [[nodiscard]] std::vector<Uncovered> uncovered() const override;

 private:
  explicit ArmModel(Draft draft);
  static ArmModel draft(const ScriptModel& master, const Arm& arm, const Target& target,
                        const Route& route);
  bool freeze(const std::vector<c10::IValue>& example);
  void try_out(const std::vector<c10::IValue>& example);
  void take_fresh(const ScriptModel& fresh);

  ScriptModel model_;
  c10::Device device_;
  std::vector<Scope> scopes_;
  at::ScalarType input_type_;
  bool channels_last_inputs_;
  const Preparation* preparation_;
  std::shared_ptr<Plan> plan_;  ///< Of `preparation_`, once the model has run.
};

}  // namespace autotune
