#include "torch/arms/arm_frame.hpp"

#include <c10/core/DeviceGuard.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include "autotune/clock.hpp"
#include "autotune/comparison.hpp"
#include "torch/arms/fuser.hpp"
#include "torch/device_runtime.hpp"
#include "torch/failure.hpp"
#include "torch/mode/interception.hpp"
#include "torch/tree.hpp"

namespace autotune {
namespace {

at::Tensor widen(const at::Tensor& tensor) {
  const at::ScalarType type = tensor.scalar_type();
  return type == at::kHalf || type == at::kBFloat16 ? tensor.to(at::kFloat) : tensor;
}

/// TorchScript profiles the first call and optimises its graph for the second: what counts is what
/// it runs from then on.
constexpr int calls_until_settled = 3;
constexpr int timed_calls = 5;

std::string why_none(const CoverageCount& coverage) {
  const std::vector<Uncovered> missed = coverage.uncovered();
  return missed.empty() ? "it has no product or convolution with one" : missed.front().reason;
}

}  // namespace

ArmFrame::ArmFrame(const Draft& draft)
    : device_(draft.target.device),
      scopes_(draft.scopes),
      call_scope_(draft.call_scope),
      input_type_(draft.input_type),
      channels_last_inputs_(draft.channels_last_inputs),
      preparation_(draft.preparation) {}

at::Tensor ArmFrame::input(const at::Tensor& tensor) const {
  const bool cast = tensor.is_floating_point() && tensor.scalar_type() == at::kFloat;
  at::Tensor out = tensor.to(device_, cast ? input_type_ : tensor.scalar_type());
  if (channels_last_inputs_ && (out.dim() == 4 || out.dim() == 5)) {
    out = out.contiguous(out.dim() == 4 ? at::MemoryFormat::ChannelsLast
                                        : at::MemoryFormat::ChannelsLast3d);
  }
  return out;
}

Entered ArmFrame::enter() const {
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

std::vector<c10::IValue> ArmFrame::in_form(const std::vector<c10::IValue>& example) const {
  std::vector<c10::IValue> arguments;
  for (const c10::IValue& value : example) {
    arguments.push_back(map_tensors(value, [this](const at::Tensor& t) { return input(t); }));
  }
  return arguments;
}

// An error of a kernel shows where somebody waits for the device.
void ArmFrame::try_out(const std::vector<c10::IValue>& example,
                       const std::vector<at::Tensor>& weights, const Run& run) {
  if (example.empty()) return;
  const std::vector<c10::IValue> arguments = in_form(example);
  if (preparation_ != nullptr) plan_ = std::make_shared<Plan>(*preparation_, weights);
  const int calls = plan_ || fuses(device_) ? calls_until_settled : 1;
  {
    const Entered scopes = enter();
    for (int call = 0; call < calls; ++call) {
      if (plan_) plan_->count_afresh();
      run(arguments);
    }
    synchronize(device_);
  }
  if (!plan_) return;
  plan_->seal();
  if (plan_->prepared() == 0) {
    throw Unreachable("no weight of the model could be prepared: " + why_none(plan_->coverage()));
  }
}

double ArmFrame::call_ms(const std::vector<c10::IValue>& example, const Run& run) const {
  const std::vector<c10::IValue> arguments = in_form(example);
  const Entered scopes = enter();
  SteadyClock clock;
  std::vector<double> ms;
  for (int call = 0; call < calls_until_settled + timed_calls; ++call) {
    synchronize(device_);
    const Timestamp before = clock.now();
    run(arguments);
    synchronize(device_);
    if (call >= calls_until_settled) ms.push_back(in_seconds(clock.now() - before) * 1e3);
  }
  return quantile(ms, 0.5);
}

double ArmFrame::coverage() const { return plan_ ? plan_->coverage().share() : 1; }

std::vector<Uncovered> ArmFrame::uncovered() const {
  return plan_ ? plan_->coverage().uncovered() : std::vector<Uncovered>();
}

c10::IValue ArmFrame::widened(const c10::IValue& outputs) { return map_tensors(outputs, widen); }

}  // namespace autotune
