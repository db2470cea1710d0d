#include "torch/models/arm_model.hpp"

#include "torch/arms/routes.hpp"

namespace autotune {

ArmModel::ArmModel(ScriptModel model, ArmFrame frame)
    : model_(std::move(model)), frame_(std::move(frame)) {}

ArmModel ArmModel::draft(ScriptModel model, const Arm& arm, const Target& target,
                         const Route& route) {
  model.to(target.device);
  Draft draft{.tensors = model.tensors(), .target = target};
  apply(arm, route, draft);
  return {std::move(model), ArmFrame(draft)};
}

ArmModel ArmModel::make(const MakeScript& fresh, const ModelFacts& facts, const Arm& arm,
                        const Target& target, const std::vector<c10::IValue>& example,
                        bool may_freeze) {
  std::optional<ArmModel> made;
  first_route_that_runs(arm, target, facts, [&](const Route& route) {
    ArmModel model = draft(fresh(), arm, target, route);
    const bool frozen = may_freeze && model.freeze(example);
    if (!frozen) model.try_out(example);
    if (!example.empty() && facts.may_keep_state) {  // which the trial has moved
      const ScriptModel unmoved = draft(fresh(), arm, target, route).model_;
      model.take_fresh(frozen ? unmoved.frozen() : unmoved);
    }
    made.emplace(std::move(model));
  });
  return std::move(*made);
}

void ArmModel::try_out(const std::vector<c10::IValue>& example) {
  frame_.try_out(example, model_.weights(), [this](std::vector<c10::IValue> arguments) {
    (void)forward(std::move(arguments));
  });
}

// Prepared weights stay with the model whose weights they were made of.
void ArmModel::take_fresh(const ScriptModel& fresh) {
  if (frame_.has_prepared_weights()) {
    model_.take_state(fresh);
  } else {
    model_ = fresh;
  }
}

// Freezing fails for models that TorchScript cannot follow; they run as they are.
bool ArmModel::freeze(const std::vector<c10::IValue>& example) {
  const ScriptModel unfrozen = model_;
  try {
    model_ = unfrozen.frozen();
    try_out(example);
    return true;
  } catch (const std::exception&) {
    model_ = unfrozen;
    return false;
  }
}

c10::IValue ArmModel::forward(std::vector<c10::IValue> arguments) {
  const auto call = frame_.enter_call();
  return ArmFrame::widened(model_.forward(std::move(arguments)));
}

}  // namespace autotune
