#pragma once
#include <functional>
#include <string>

#include "autotune/workload.hpp"
#include "torch/arms/arm_methods.hpp"

// How an arm's precision and layout are reached, for every kind of model that is changed in place.
namespace autotune {

/// Why the device or the model cannot run the arm; empty if nothing is known against it.
/// @param kind of models, for the message: `TorchScript models`
[[nodiscard]] std::string obstacle_of(const Arm& arm, const Target& target, const ModelFacts& facts,
                                      const std::string& kind);

/// Lists every precision in every layout: as an arm that can be tried, or with why it cannot.
void list_arms(const Target& target, const ModelFacts& facts, Description& description);

/// Brings a draft to the arm by one of its routes.
void apply(const Arm& arm, const Route& route, Draft& draft);

/// Calls `attempt` with the routes to the arm's precision, the cheapest at run time first, until
/// one does not throw. Gives that route first and then those that threw.
/// @throws Unreachable with every route's reason if all do; out of memory and a broken device as
///         they come
[[nodiscard]] std::vector<RouteTrial> first_route_that_runs(
    const Arm& arm, const Target& target, const ModelFacts& facts,
    const std::function<void(const Route&)>& attempt);

}  // namespace autotune
