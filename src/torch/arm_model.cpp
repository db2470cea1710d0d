#include "torch/arm_model.hpp"

#include <c10/core/DeviceGuard.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <algorithm>

#include "autotune/error.hpp"
#include "torch/failure.hpp"
#include "torch/tree.hpp"

namespace autotune {
namespace {

const PrecisionMethod* find_method(Precision precision) {
  const auto methods = precision_methods();
  const auto found = std::find_if(methods.begin(), methods.end(),
                                  [&](const auto& m) { return m.precision == precision; });
  return found == methods.end() ? nullptr : &*found;
}

const LayoutMethod* find_method(Layout layout) {
  const auto methods = layout_methods();
  const auto found = std::find_if(methods.begin(), methods.end(),
                                  [&](const auto& m) { return m.layout == layout; });
  return found == methods.end() ? nullptr : &*found;
}

at::Tensor widen(const at::Tensor& tensor) {
  const at::ScalarType type = tensor.scalar_type();
  return type == at::kHalf || type == at::kBFloat16 ? tensor.to(at::kFloat) : tensor;
}

}  // namespace

std::string ArmModel::obstacle(const Arm& arm, const Target& target, const ModelFacts& facts) {
  const PrecisionMethod* precision = find_method(arm.precision);
  const LayoutMethod* layout = find_method(arm.layout);
  if (precision == nullptr || layout == nullptr) {
    return fmt::format("TorchScript models are not run as {}", to_string(arm));
  }
  if (arm.execution.cuda_graph) {
    return "TorchScript models are not run from a CUDA graph";
  }
  const std::string reason = precision->obstacle(target);
  return reason.empty() ? layout->obstacle(target, facts) : reason;
}

ArmModel::ArmModel(Draft draft)
    : model_(std::move(draft.model)),
      device_(draft.target.device),
      scopes_(std::move(draft.scopes)),
      input_type_(draft.input_type),
      channels_last_inputs_(draft.channels_last_inputs) {}

ArmModel ArmModel::draft(const ScriptModel& master, const Arm& arm, const Target& target,
                         const Route& route) {
  Draft draft{.model = master.copy(), .target = target};
  draft.model.to(target.device);
  route.apply(draft);
  find_method(arm.layout)->apply(draft);
  return ArmModel(std::move(draft));
}

ArmModel ArmModel::make(const ScriptModel& master, const Arm& arm, const Target& target,
                        const std::vector<c10::IValue>& example, bool may_freeze) {
  if (const std::string reason = obstacle(arm, target, master.facts()); !reason.empty()) {
    throw Unreachable(reason);
  }
  std::string reasons;
  for (const Route& route : find_method(arm.precision)->routes(master.facts())) {
    try {
      ArmModel model = draft(master, arm, target, route);
      const bool frozen = may_freeze && model.freeze(example);
      if (!frozen) {
        model.try_out(example);
      }
      if (!example.empty() && master.facts().may_keep_state) {  // which the trial has moved
        model = draft(master, arm, target, route);
        model.model_ = frozen ? model.model_.frozen() : model.model_;
      }
      return model;
    } catch (const std::exception& error) {
      if (const Failure failure = classify(error);
          failure.sticky || failure.status == TrialStatus::out_of_memory) {
        throw;
      }
      reasons +=
          fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", route.name, short_message(error));
    }
  }
  throw Unreachable(reasons);
}

void ArmModel::try_out(const std::vector<c10::IValue>& example) {
  if (example.empty()) {
    return;
  }
  std::vector<c10::IValue> arguments;
  for (const c10::IValue& value : example) {
    arguments.push_back(map_tensors(value, [this](const at::Tensor& t) { return input(t); }));
  }
  const auto scopes = enter();
  (void)forward(std::move(arguments));
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

at::Tensor ArmModel::input(const at::Tensor& tensor) const {
  const bool cast = tensor.is_floating_point() && tensor.scalar_type() == at::kFloat;
  at::Tensor out = tensor.to(device_, cast ? input_type_ : tensor.scalar_type());
  if (channels_last_inputs_ && (out.dim() == 4 || out.dim() == 5)) {
    out = out.contiguous(out.dim() == 4 ? at::MemoryFormat::ChannelsLast
                                        : at::MemoryFormat::ChannelsLast3d);
  }
  return out;
}

Entered ArmModel::enter() const {
  Entered entered;
  if (device_.is_cuda()) {
    entered.add(std::make_shared<c10::DeviceGuard>(device_));
  }
  entered.add(std::make_shared<c10::InferenceMode>());
  for (const Scope& scope : scopes_) {
    entered.add(scope());
  }
  return entered;
}

c10::IValue ArmModel::forward(std::vector<c10::IValue> arguments) {
  return map_tensors(model_.forward(std::move(arguments)), widen);
}

}  // namespace autotune
