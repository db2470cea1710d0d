#include "torch/arm_model.hpp"

#include <c10/core/DeviceGuard.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <algorithm>

#include "autotune/error.hpp"
#include "torch/failure.hpp"
#include "torch/mode/interception.hpp"
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
  if (precision == nullptr || layout == nullptr || !layout->serves(*precision)) {
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
      channels_last_inputs_(draft.channels_last_inputs),
      preparation_(draft.preparation) {}

ArmModel ArmModel::draft(const ScriptModel& master, const Arm& arm, const Target& target,
                         const Route& route) {
  Draft draft{.model = master.copy(), .target = target};
  draft.model.to(target.device);
  route.apply(draft);
  find_method(arm.layout)->apply(draft, *find_method(arm.precision));
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
        const ScriptModel fresh = draft(master, arm, target, route).model_;
        model.take_fresh(frozen ? fresh.frozen() : fresh);
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
  if (preparation_ != nullptr) plan_ = std::make_shared<Plan>(*preparation_, model_.weights());
  {
    const auto scopes = enter();
    (void)forward(std::move(arguments));
  }
  if (!plan_) return;
  plan_->seal();
  if (plan_->prepared() == 0) {
    throw Unreachable(fmt::format("no weight of the model could be prepared{}",
                                  plan_->coverage().uncovered().empty()
                                      ? ": it has no product or convolution with one"
                                      : ": " + plan_->coverage().uncovered().front().reason));
  }
}

// Prepared weights stay with the model whose weights they were made of.
void ArmModel::take_fresh(const ScriptModel& fresh) {
  if (plan_) {
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
  if (plan_) entered.add(intercept(plan_));
  return entered;
}

double ArmModel::coverage() const { return plan_ ? plan_->coverage().share() : 1; }

std::vector<Uncovered> ArmModel::uncovered() const {
  return plan_ ? plan_->coverage().uncovered() : std::vector<Uncovered>();
}

c10::IValue ArmModel::forward(std::vector<c10::IValue> arguments) {
  return map_tensors(model_.forward(std::move(arguments)), widen);
}

}  // namespace autotune
