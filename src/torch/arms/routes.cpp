#include "torch/arms/routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "torch/arms/loaded_arm.hpp"
#include "torch/failure.hpp"

namespace autotune {
namespace {

const PrecisionMethod* find_method(Precision precision) {
  const auto methods = precision_methods();
  const auto found = std::ranges::find(methods, precision, &PrecisionMethod::precision);
  return found == methods.end() ? nullptr : &*found;
}

const LayoutMethod* find_method(Layout layout) {
  const auto methods = layout_methods();
  const auto found = std::ranges::find(methods, layout, &LayoutMethod::layout);
  return found == methods.end() ? nullptr : &*found;
}

}  // namespace

std::string obstacle_of(const Arm& arm, const Target& target, const ModelFacts& facts,
                        const std::string& kind) {
  const PrecisionMethod* precision = find_method(arm.precision);
  const LayoutMethod* layout = find_method(arm.layout);
  if (precision == nullptr || layout == nullptr || !layout->serves(*precision)) {
    return fmt::format("{} are not run as {}", kind, to_string(arm));
  }
  if (arm.execution.cuda_graph) {
    return kind + " are not run from a CUDA graph";
  }
  const std::string reason = precision->obstacle(target);
  return reason.empty() ? layout->obstacle(target, facts) : reason;
}

void list_arms(const Target& target, const ModelFacts& facts, Description& description) {
  std::set<Precision> said;
  for (const LayoutMethod& layout : layout_methods()) {
    const std::string layout_obstacle = layout.obstacle(target, facts);
    if (!layout_obstacle.empty()) {
      description.unsupported.push_back({Precision::fp32, layout.layout, layout_obstacle});
      continue;
    }
    for (const PrecisionMethod& precision : precision_methods()) {
      if (!layout.serves(precision)) continue;
      const std::string obstacle = precision.obstacle(target);
      if (obstacle.empty()) {
        description.arms.push_back({.precision = precision.precision, .layout = layout.layout});
      } else if (said.insert(precision.precision).second) {
        description.unsupported.push_back({precision.precision, layout.layout, obstacle});
      }
    }
  }
}

void apply(const Arm& arm, const Route& route, Draft& draft) {
  route.apply(draft);
  find_method(arm.layout)->apply(draft, *find_method(arm.precision));
}

void first_route_that_runs(const Arm& arm, const Target& target, const ModelFacts& facts,
                           const std::function<void(const Route&)>& attempt) {
  if (const std::string reason = obstacle_of(arm, target, facts, "such models"); !reason.empty()) {
    throw Unreachable(reason);
  }
  std::string reasons;
  for (const Route& route : find_method(arm.precision)->routes(facts)) {
    try {
      return attempt(route);
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

}  // namespace autotune
