#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "torch/arms/arm_frame.hpp"
#include "torch/models/script_model.hpp"

namespace autotune {

using MakeScript = std::function<ScriptModel()>;

/// A TorchScript model as one arm runs it.
///
/// Where LibTorch has a fuser for the device, kernels are compiled on the second call. An arm that
/// is tried out runs with the fuser or without it, whichever is faster; one that is not runs
/// without it.
class ArmModel final : public LoadedArm {
 public:
  /// Brings the model to the arm's precision, layout and device, and freezes it where that works.
  /// Each route is tried with `example`, the arguments of one iteration, unless empty; a model that
  /// may keep state is made afresh after it. The device holds one copy of the model at a time.
  /// @param fresh gives a model that nothing else uses, on the target's device
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
  [[nodiscard]] std::vector<RouteTrial> routes() const override { return routes_; }

 private:
  ArmModel(ScriptModel model, ArmFrame frame);
  static ArmModel draft(ScriptModel model, const Arm& arm, const Target& target,
                        const Route& route);
  /// How a graph is run.
  struct Way {
    bool frozen = false;
    bool fused = false;
  };
  [[nodiscard]] static std::vector<Way> ways(c10::Device device, bool tried, bool may_freeze);
  [[nodiscard]] Way take_first_way_that_runs(const std::vector<Way>& ways,
                                             const std::vector<c10::IValue>& example);
  void race_without_fuser(const std::vector<c10::IValue>& example);
  void try_out(const std::vector<c10::IValue>& example);
  [[nodiscard]] double call_ms(const std::vector<c10::IValue>& example);
  void start_afresh(const std::function<ScriptModel()>& fresh, bool frozen);
  void name_route(const std::vector<RouteTrial>& tried);

  std::optional<ScriptModel> model_;
  ArmFrame frame_;
  bool as_written_ = false;        ///< Without the fuser that there is.
  std::vector<RouteTrial> fuser_;  ///< With it and without it, the one taken first.
  std::vector<RouteTrial> routes_;
};

}  // namespace autotune
