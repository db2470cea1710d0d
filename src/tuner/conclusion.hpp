#pragma once
#include <optional>
#include <string>
#include <vector>

#include "autotune/comparison.hpp"
#include "autotune/tuner.hpp"
#include "tuner/trial_book.hpp"

namespace autotune {

class Standings;

/// Whether a trial may be the answer: `ok`, with joules, within latency and memory limits.
[[nodiscard]] bool eligible(const Trial& trial, const Constraints& limits) noexcept;

/// The eligible trials, the least joules per unit first.
[[nodiscard]] std::vector<Trial> ranking(const std::vector<Trial>& trials,
                                         const Constraints& limits);

/// What `best` saves against `trial`: with an interval where both raced.
/// @param standings of the race, if there was one
[[nodiscard]] Baseline make_baseline(std::string name, const Trial& trial, const Trial& best,
                                     const Standings* standings);

/// Takes `ratio`, of the best to the baseline, as what it saves.
void set_saving(Baseline& baseline, const Ratio& ratio);

/// Trials of the race that cannot be told from the best, which is the first.
[[nodiscard]] std::vector<Trial> ties(const std::vector<Trial>& ranked, const Standings* standings);

/// The measured trial with the most units per second, and the one with the largest batch.
[[nodiscard]] std::optional<Trial> fastest(const std::vector<Trial>& trials);
[[nodiscard]] std::optional<Trial> largest_batch(const std::vector<Trial>& trials);

/// One warning for each thing that disturbed configurations although their windows were repeated.
[[nodiscard]] std::vector<std::string> disturbance_warnings(const std::vector<Trial>& trials);

/// Why nothing meets the limits, with the closest miss.
[[nodiscard]] std::string closest_miss(const std::vector<Trial>& trials, const Constraints& limits);

}  // namespace autotune
