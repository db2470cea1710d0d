#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "torch/arms/arm_methods.hpp"
#include "torch/arms/loaded_arm.hpp"
#include "torch/mode/plan.hpp"

namespace autotune {

/// What an arm puts round a model that runs its own operations: the form of its inputs, settings,
/// prepared weights. The same for a TorchScript file and for a model that lives in the process.
class ArmFrame {
 public:
  explicit ArmFrame(const Draft& draft);

  [[nodiscard]] at::Tensor input(const at::Tensor& tensor) const;
  [[nodiscard]] Entered enter() const;

  using Run = std::function<void(std::vector<c10::IValue>)>;

  /// Calls `run` with `example`, brought to this arm's form, inside `enter`, until its graph has
  /// settled, and waits for the device. Where weights are prepared, those that it reads are.
  /// @param weights every tensor of the model
  /// @throws Unreachable if weights are to be prepared and none could be
  void try_out(const std::vector<c10::IValue>& example, const std::vector<at::Tensor>& weights,
               const Run& run);

  /// Milliseconds of a call like those of `try_out` once its graph has settled: the median of some.
  [[nodiscard]] double call_ms(const std::vector<c10::IValue>& example, const Run& run) const;

  [[nodiscard]] c10::Device device() const noexcept { return device_; }

  /// What one call of the model needs round it, inside `enter`; null if nothing.
  [[nodiscard]] std::shared_ptr<void> enter_call() const {
    return call_scope_ ? call_scope_() : nullptr;
  }

  [[nodiscard]] bool has_prepared_weights() const noexcept { return plan_ != nullptr; }
  [[nodiscard]] double coverage() const;
  [[nodiscard]] std::vector<Uncovered> uncovered() const;

  /// Results in half-size types as float.
  [[nodiscard]] static c10::IValue widened(const c10::IValue& outputs);

 private:
  [[nodiscard]] std::vector<c10::IValue> in_form(const std::vector<c10::IValue>& example) const;

  c10::Device device_;
  std::vector<Scope> scopes_;
  Scope call_scope_;
  at::ScalarType input_type_;
  bool channels_last_inputs_;
  const Preparation* preparation_;
  std::shared_ptr<Plan> plan_;  ///< Of `preparation_`, once the model has run.
};

}  // namespace autotune
