#include "torch/arms/routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

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

std::string no_method(Precision precision) {
  return fmt::format("{} is not made yet", to_string(precision));
}

std::string no_method(Layout layout) {
  return fmt::format("the layout {} is that of variant sets: python -m autotune export makes one",
                     to_string(layout));
}

/// What the device lacks says more than what a layout is for.
std::string why_not_served(const PrecisionMethod& precision, const LayoutMethod& layout,
                           const Target& target) {
  if (const std::string reason = precision.obstacle(target); !reason.empty()) return reason;
  if (precision.needs_preparation) {
    return fmt::format("{} runs on prepared weights only (layout prepacked)",
                       to_string(precision.precision));
  }
  return fmt::format("no weights are prepared for {} (layout {})", to_string(precision.precision),
                     to_string(layout.layout));
}

}  // namespace

std::string obstacle_of(const Arm& arm, const Target& target, const ModelFacts& facts,
                        const std::string& kind) {
  const PrecisionMethod* precision = find_method(arm.precision);
  const LayoutMethod* layout = find_method(arm.layout);
  if (precision == nullptr) return no_method(arm.precision);
  if (layout == nullptr) return no_method(arm.layout);
  if (!layout->serves(*precision)) return why_not_served(*precision, *layout, target);
  if (arm.execution.cuda_graph) {
    return kind + " are not run from a CUDA graph";
  }
  const std::string reason = precision->obstacle(target);
  return reason.empty() ? layout->obstacle(target, facts) : reason;
}

void list_arms(const Target& target, const ModelFacts& facts, Description& description) {
  for (const Layout layout : all_layouts()) {
    for (const Precision precision : all_precisions()) {
      const Arm arm{.precision = precision, .layout = layout};
      const std::string reason = obstacle_of(arm, target, facts, "such models");
      if (reason.empty()) {
        description.arms.push_back(arm);
      } else {
        description.unsupported.push_back({precision, layout, reason});
      }
    }
  }
}

void apply(const Arm& arm, const Route& route, Draft& draft) {
  route.apply(draft);
  find_method(arm.layout)->apply(draft, *find_method(arm.precision));
}

std::vector<RouteTrial> first_route_that_runs(const Arm& arm, const Target& target,
                                              const ModelFacts& facts,
                                              const std::function<void(const Route&)>& attempt) {
  if (const std::string reason = obstacle_of(arm, target, facts, "such models"); !reason.empty()) {
    throw Unreachable(reason);
  }
  std::vector<RouteTrial> tried;
  for (const Route& route : find_method(arm.precision)->routes(facts)) {
    try {
      attempt(route);
      tried.insert(tried.begin(), RouteTrial{.name = route.name});
      return tried;
    } catch (const std::exception& error) {
      if (concerns_every_way(error)) throw;
      tried.push_back({.name = route.name, .reason = short_message(error)});
    }
  }
  std::string reasons;
  for (const RouteTrial& route : tried) {
    reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", route.name, route.reason);
  }
  throw Unreachable(reasons);
}

}  // namespace autotune
