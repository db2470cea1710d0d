#pragma once
#include <memory>

#include "search/replay/replay.hpp"

namespace autotune::replay {

// The yardstick of every search: one window of every configuration, arm by arm, each from its
// smallest batch to the first that fails, and the lowest reading is the answer. No searcher of the
// library (`sweep` switches arms often, so that it can be cut short): what it costs and how often
// it is right are a share's whole and a share's aim.

inline constexpr std::string_view in_order_sweep_name = "in_order_sweep";

[[nodiscard]] std::unique_ptr<Searcher> make_in_order_sweep(SearchSpace space,
                                                            SearchOptions options);

/// What it costs, which is known beforehand.
[[nodiscard]] Spent sweep_cost(const Table& table, const Charges& charges);

}  // namespace autotune::replay
