#pragma once
#include <functional>
#include <optional>

#include "autotune/comparison.hpp"
#include "tuner/steps.hpp"

namespace autotune {

struct ConfirmationOptions {
  int rounds = 5;             ///< Of one block of each; five give ±1 % at a CV of 0.5 %.
  double block_seconds = 15;  ///< Run before each window, to the configuration's own temperature.

  /// About what a confirmation takes, windows of 5 s and their rolls included.
  [[nodiscard]] double seconds() const noexcept { return rounds * 2 * (block_seconds + 7); }
};

/// Energy of `best` over that of `reference` as in service: measured in alternating blocks, each at
/// its own steady temperature (the race compares at equal temperature, but a hotter configuration
/// pays its own leakage). Nothing if a window gave no energy or time ran out before two rounds.
/// @param may_go_on asked before each round
[[nodiscard]] std::optional<Ratio> confirm(Steps& steps, const Config& best,
                                           const Config& reference,
                                           const ConfirmationOptions& options,
                                           const std::function<bool()>& may_go_on);

}  // namespace autotune
