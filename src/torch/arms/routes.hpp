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

/// Lists what can be tried. What the device lacks is said once per precision, what the model lacks
/// once per layout.
void list_arms(const Target& target, const ModelFacts& facts, Description& description);

/// Brings a draft to the arm by one of its routes.
void apply(const Arm& arm, const Route& route, Draft& draft);

/// Calls `attempt` with the routes to the arm's precision, the cheapest at run time first, until
/// one does not throw.
/// @throws Unreachable with every route's reason if all do; out of memory and a broken device as
///         they come
void first_route_that_runs(const Arm& arm, const Target& target, const ModelFacts& facts,
                           const std::function<void(const Route&)>& attempt);

}  // namespace autotune
