#pragma once
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "torch/arm_methods.hpp"

namespace autotune {

/// Scopes that are in force; left in reverse order.
class Entered {
 public:
  Entered() = default;
  Entered(Entered&&) = default;
  Entered& operator=(Entered&&) = delete;
  ~Entered() {
    while (!scopes_.empty()) {
      scopes_.pop_back();
    }
  }
  void add(std::shared_ptr<void> scope) { scopes_.push_back(std::move(scope)); }

 private:
  std::vector<std::shared_ptr<void>> scopes_;
};

/// A model as one arm runs it.
class ArmModel {
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

  /// A tensor of the arguments as this arm wants it: device, type, memory format.
  [[nodiscard]] at::Tensor input(const at::Tensor& tensor) const;

  /// The settings the arm needs round `forward`; entered once for a series of calls.
  [[nodiscard]] Entered enter() const;

  /// One iteration inside what `enter` gave; `arguments` have gone through `input`. Outputs in
  /// half-size types are widened to float, as the FP32 model gives them.
  [[nodiscard]] c10::IValue forward(std::vector<c10::IValue> arguments);

 private:
  explicit ArmModel(Draft draft);
  static ArmModel draft(const ScriptModel& master, const Arm& arm, const Target& target,
                        const Route& route);
  bool freeze(const std::vector<c10::IValue>& example);
  void try_out(const std::vector<c10::IValue>& example);

  ScriptModel model_;
  c10::Device device_;
  std::vector<Scope> scopes_;
  at::ScalarType input_type_;
  bool channels_last_inputs_;
};

/// The model cannot run in this arm.
class Unreachable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace autotune
