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
/// @param may_go_on asked before each round
/// @param thin asked after each round with the rounds run and the finalists, of which it may erase
///        some; the race ends when none is left
/// @return full rounds run
std::size_t race(
    std::vector<Config> finalists, std::size_t max_rounds, std::uint64_t seed,
    const std::function<bool(const Config&)>& measure, const std::function<bool()>& may_go_on,
    const std::function<void(std::size_t rounds, std::vector<Config>& finalists)>& thin);

}  // namespace autotune
