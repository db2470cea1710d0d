#pragma once
#include <optional>
#include <string>
#include <vector>

#include "autotune/comparison.hpp"
#include "autotune/tuner.hpp"
#include "tuner/trial_book.hpp"

namespace autotune {

/// Whether a trial may be the answer: `ok`, with joules, within latency and memory limits.
[[nodiscard]] bool eligible(const Trial& trial, const Constraints& limits) noexcept;

/// The eligible trials, the least joules per unit first.
[[nodiscard]] std::vector<Trial> ranking(const std::vector<Trial>& trials,
                                         const Constraints& limits);

/// Ratio of two trials' energy, paired by the race's rounds; nothing below two common rounds.
[[nodiscard]] std::optional<Ratio> race_ratio(const TrialBook& book, const Config& a,
                                              const Config& b);

/// What `best` saves against `trial`.
[[nodiscard]] Baseline make_baseline(std::string name, const Trial& trial, const Trial& best,
                                     const TrialBook& book);

/// Trials of the race that cannot be told from the best: their ratio to it covers 1, or is within
/// 0.5 % of it.
[[nodiscard]] std::vector<Trial> ties(const std::vector<Trial>& ranked, const TrialBook& book);

/// The measured trial with the most units per second, and the one with the largest batch.
[[nodiscard]] std::optional<Trial> fastest(const std::vector<Trial>& trials);
[[nodiscard]] std::optional<Trial> largest_batch(const std::vector<Trial>& trials);

/// Why nothing meets the limits, with the closest miss.
[[nodiscard]] std::string closest_miss(const std::vector<Trial>& trials, const Constraints& limits);

}  // namespace autotune
