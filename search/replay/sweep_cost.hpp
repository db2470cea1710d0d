#pragma once
#include "search/replay/replay.hpp"

namespace autotune::replay {

/// What it costs to measure every configuration once, arm by arm, each from its smallest batch to
/// the first that fails: the yardstick of every search.
[[nodiscard]] Spent sweep_cost(const Table& table, const Charges& charges);

}  // namespace autotune::replay
