#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "autotune/tuner.hpp"

namespace autotune {

/// Measures finalists in rounds: each round takes one window of each, in a fresh random order, so
/// that drift hits all of them alike and cancels in paired ratios.
///
/// Arms stay together within a round, in random order, since each switch of arm costs a cast.
/// @param measure takes one window; false drops the configuration from later rounds
/// @param may_go_on asked before each round with the finalists still in it
/// @return full rounds run
std::size_t race(std::vector<Config> finalists, std::size_t max_rounds, std::uint64_t seed,
                 const std::function<bool(const Config&)>& measure,
                 const std::function<bool(std::size_t finalists)>& may_go_on);

}  // namespace autotune
