#include "torch/models/arm_model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "torch/arms/fuser.hpp"
#include "torch/arms/routes.hpp"
#include "torch/failure.hpp"

namespace autotune {
namespace {

constexpr const char* with_fuser = "fused kernels";
constexpr const char* no_fuser = "without the fuser";

}  // namespace

ArmModel::ArmModel(ScriptModel model, ArmFrame frame)
    : model_(std::move(model)), frame_(std::move(frame)) {}

ArmModel ArmModel::draft(ScriptModel model, const Arm& arm, const Target& target,
                         const Route& route) {
  Draft draft{.tensors = model.tensors(), .target = target};
  apply(arm, route, draft);
  return {std::move(model), ArmFrame(draft)};
}

ArmModel ArmModel::make(const MakeScript& fresh, const ModelFacts& facts, const Arm& arm,
                        const Target& target, const std::vector<c10::IValue>& example,
                        bool may_freeze) {
  std::optional<ArmModel> made;
  const auto tried = first_route_that_runs(arm, target, facts, [&](const Route& route) {
    const auto drafted = [&] { return draft(fresh(), arm, target, route); };
    ArmModel model = drafted();
    const Way way =
        model.take_first_way_that_runs(ways(target.device, !example.empty(), may_freeze), example);
    if (way.fused) model.race_without_fuser(example);
    if (!example.empty() && facts.may_keep_state) {  // which the trial has moved
      model.start_afresh([&] { return *drafted().model_; }, way.frozen);
    }
    made.emplace(std::move(model));
  });
  made->name_route(tried);
  return std::move(*made);
}

/// The quickest first, mostly. Freezing fails for models that TorchScript cannot follow, and a
/// kernel of the fuser may not compile: neither makes an arm unreachable.
std::vector<ArmModel::Way> ArmModel::ways(c10::Device device, bool tried, bool may_freeze) {
  std::vector<Way> all;
  const bool may_fuse = tried && fuses(device);
  if (may_fuse && may_freeze) all.push_back({.frozen = true, .fused = true});
  if (may_fuse) all.push_back({.frozen = false, .fused = true});
  if (may_freeze) all.push_back({.frozen = true, .fused = false});
  all.push_back({.frozen = false, .fused = false});
  return all;
}

ArmModel::Way ArmModel::take_first_way_that_runs(const std::vector<Way>& ways,
                                                 const std::vector<c10::IValue>& example) {
  const ScriptModel loaded = *model_;
  std::string why_not_fused;
  for (const Way& way : ways) {
    try {
      as_written_ = !way.fused && fuses(frame_.device());
      model_ = way.frozen ? loaded.frozen() : loaded;
      try_out(example);
      if (!way.fused && !why_not_fused.empty()) {
        fuser_ = {{.name = no_fuser}, {.name = with_fuser, .reason = why_not_fused}};
      }
      return way;
    } catch (const std::exception& error) {
      if (&way == &ways.back() || concerns_every_way(error)) throw;
      if (way.fused) why_not_fused = short_message(error);
    }
  }
  return {};
}

void ArmModel::try_out(const std::vector<c10::IValue>& example) {
  frame_.try_out(example, model_->weights(), [this](std::vector<c10::IValue> arguments) {
    (void)forward(std::move(arguments));
  });
}

/// The model runs with the fuser; the clock tells whether it is faster so.
void ArmModel::race_without_fuser(const std::vector<c10::IValue>& example) {
  fuser_ = {{.name = with_fuser, .ms = call_ms(example)}};
  as_written_ = true;
  try {
    fuser_.push_back({.name = no_fuser, .ms = call_ms(example)});
    as_written_ = *fuser_.back().ms < *fuser_.front().ms;
    if (as_written_) std::ranges::reverse(fuser_);
  } catch (const std::exception& error) {
    if (concerns_every_way(error)) throw;
    fuser_.push_back({.name = no_fuser, .reason = short_message(error)});
    as_written_ = false;
  }
}

double ArmModel::call_ms(const std::vector<c10::IValue>& example) {
  return frame_.call_ms(
      example, [this](std::vector<c10::IValue> arguments) { (void)forward(std::move(arguments)); });
}

// Prepared weights stay with the model whose weights they were made of.
void ArmModel::start_afresh(const std::function<ScriptModel()>& fresh, bool frozen) {
  const auto made = [&] { return frozen ? fresh().frozen() : fresh(); };
  if (frame_.has_prepared_weights()) {
    model_->take_state(made());
  } else {
    model_.reset();  // So that the device never holds two.
    model_ = made();
  }
}

/// The route that was taken, with and without the fuser, and those that did not run.
void ArmModel::name_route(const std::vector<RouteTrial>& tried) {
  routes_ = tried;
  if (fuser_.empty()) return;
  std::vector<RouteTrial> ways = fuser_;
  for (RouteTrial& way : ways) way.name = fmt::format("{}, {}", tried.front().name, way.name);
  routes_.erase(routes_.begin());
  routes_.insert(routes_.begin(), ways.begin(), ways.end());
}

c10::IValue ArmModel::forward(std::vector<c10::IValue> arguments) {
  const auto call = frame_.enter_call();
  const auto as_written = as_written_ ? without_fuser() : nullptr;
  return ArmFrame::widened(model_->forward(std::move(arguments)));
}

}  // namespace autotune
