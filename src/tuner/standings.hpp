#pragma once
#include <optional>
#include <vector>

#include "autotune/comparison.hpp"
#include "autotune/tuner.hpp"
#include "tuner/trial_book.hpp"

namespace autotune {

/// How the configurations of a race compare with each other, by all their windows at once.
class Standings {
 public:
  /// @param limits what breaks them is compared and cannot be the best
  Standings(const TrialBook& book, const Constraints& limits);

  /// Joules per unit; nothing for what did not race.
  [[nodiscard]] std::optional<Estimate> estimate(const Config& config) const;

  /// Energy of `a` over that of `b`; nothing where no interval can be given.
  [[nodiscard]] std::optional<Ratio> ratio(const Config& a, const Config& b) const;

  /// Not told apart from the best, or nothing can be said yet.
  [[nodiscard]] bool ties_with_best(const Config& config) const;

  /// Further windows of it would be wasted: it is told apart from the best.
  [[nodiscard]] bool may_drop(const Config& config) const;

  /// Further rounds would be wasted.
  [[nodiscard]] bool settled() const;

  [[nodiscard]] const std::vector<Config>& configs() const noexcept { return configs_; }

 private:
  [[nodiscard]] std::optional<std::size_t> index(const Config& config) const;

  std::vector<Config> configs_;
  RoundComparison comparison_;
};

}  // namespace autotune
