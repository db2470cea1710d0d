#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "autotune/trial.hpp"

namespace autotune {

struct RaceModel;  // The fitted model, private to the library.

/// Ratio of two configurations' energy per unit.
struct Ratio {
  double value = 1;
  Interval ci95;

  [[nodiscard]] double half_width() const noexcept { return (ci95.high - ci95.low) / 2; }
};

/// Ratio a/b with its 95 % interval, paired by round: y = ln(a_i / b_i), so that drift common to a
/// round cancels; exp(mean y ± t s/√n). Two configurations and nothing else known: `compare_rounds`
/// does better with times, temperatures or more configurations.
/// @param a, b joules per unit, same length >= 2, same order of rounds
/// @throws Error (usage) if lengths differ or a value is not positive and finite
[[nodiscard]] Ratio paired_ratio(std::span<const double> a, std::span<const double> b);

/// Geometric mean of windows with its 95 % t-interval on the log scale; the interval is absent
/// below two windows.
struct Estimate {
  double value = 0;
  std::optional<Interval> ci95;
};

/// @throws Error (usage) if empty or a value is not positive and finite
[[nodiscard]] Estimate estimate(std::span<const double> windows);

/// One window of a race, in which each round measures every configuration once. Rounds without some
/// of them are allowed, and so is a second window of one in a round.
struct RoundWindow {
  std::size_t configuration = 0;        ///< Index, 0 … K - 1.
  std::size_t round = 0;                ///< Later rounds have larger numbers; gaps are allowed.
  double joules_per_unit = 0;           ///< Positive. Leave the window out if there was no reading.
  std::optional<double> seconds;        ///< Its middle, since the race began.
  std::optional<double> temperature_c;  ///< Of the device, over the window.
};

struct ComparisonOptions {
  double indifference = 0.005;  ///< Gaps within it are ties: below what any meter we know tells.
  double target_half_width = 0.01;  ///< Ratios known this well need no further round.

  /// Configurations that were measured but cannot be `best`: baselines outside the limits, arms
  /// outside the accuracy. They have estimates, ratios and standings like the others.
  std::vector<std::size_t> barred;
};

/// How a configuration compares with the best one.
enum class Standing {
  best,        ///< The lowest estimate of those that may win.
  tie,         ///< Not told apart from the best, or within the indifference zone.
  worse,       ///< Told apart: costs more.
  better,      ///< Told apart: costs less. Only a barred configuration can.
  unresolved,  ///< Nothing can be said yet: no interval, or one wider than ±2 %.
};

[[nodiscard]] std::string_view to_string(Standing standing) noexcept;

/// What the windows of a race say about its configurations (docs/measuring.md#comparison).
class RoundComparison {
 public:
  /// The lowest estimate of the configurations that may win; nothing if none has a window.
  [[nodiscard]] std::optional<std::size_t> best() const noexcept { return best_; }

  /// Joules per unit at the race's mean conditions; nothing for a configuration without a window.
  [[nodiscard]] std::optional<Estimate> estimate(std::size_t configuration) const;

  /// Energy of `a` over that of `b`; nothing where no interval can be given: one round only, or no
  /// round that links the two.
  [[nodiscard]] std::optional<Ratio> ratio(std::size_t a, std::size_t b) const;

  /// Against `best`, strictly enough to be asked at every look: at 1 - 0.02 / K, 99 % for two.
  [[nodiscard]] Standing standing(std::size_t configuration) const;

  /// The drop rule: its lower bound exceeds the best one's upper bound at 0.05 / K, so that further
  /// windows of it would be wasted.
  [[nodiscard]] bool may_drop(std::size_t configuration) const;

  /// The stop rule: every configuration is told apart from the best, or its ratio to it is known
  /// to within the target half width (99 %). Ask at looks only (`is_look`).
  [[nodiscard]] bool settled() const;

  /// Whether its windows scatter so much more than the others' that they are judged apart.
  [[nodiscard]] bool noisy(std::size_t configuration) const;

 private:
  friend RoundComparison compare_rounds(std::span<const RoundWindow>, const ComparisonOptions&);

  /// A variance that several configurations share, as it enters the estimates.
  struct Share {
    std::vector<double> covariance;  // Of the log estimates, K × K.
    double degrees = 0;
  };
  struct Gap {
    double value = 0;  // ln(a / b)
    double variance = 0;
    double degrees = 0;
    [[nodiscard]] double half_width(double confidence) const;
  };
  [[nodiscard]] std::size_t size() const noexcept { return estimates_.size(); }
  [[nodiscard]] Gap spread(std::size_t a, std::optional<std::size_t> b) const;
  [[nodiscard]] std::optional<Gap> gap(std::size_t a, std::size_t b) const;
  [[nodiscard]] double confidence(double shared_chance) const;
  [[nodiscard]] bool told_apart(const Gap& gap) const;
  void adopt(const RaceModel& model);
  void choose_best();

  ComparisonOptions options_;
  std::vector<std::optional<Estimate>> estimates_;
  std::vector<bool> linked_;  // Compared by the model; the others stand alone.
  std::vector<bool> noisy_;
  std::vector<Share> shares_;
  std::optional<std::size_t> best_;
};

/// Compares all configurations of a race at once: ln E = configuration + drift of the race
/// + temperature + noise, by least squares.
/// @throws Error (usage) if an energy is not positive and finite, or rounds overlap in time
[[nodiscard]] RoundComparison compare_rounds(std::span<const RoundWindow> windows,
                                             const ComparisonOptions& options = {});

/// Whether a race may be stopped or thinned after so many rounds: 5, 8, 12, 15 and every 5 beyond.
/// Few looks, since each is another chance to be fooled.
[[nodiscard]] bool is_look(std::size_t rounds) noexcept;

/// The 97.5 % quantile of Student's t distribution with `degrees` >= 1 degrees of freedom.
[[nodiscard]] double student_t_975(int degrees) noexcept;

/// The `p`-quantile (0 < p < 1) of Student's t distribution with `degrees` > 0, whole or not.
[[nodiscard]] double student_t_quantile(double p, double degrees) noexcept;

/// The q-quantile (0 <= q <= 1) by linear interpolation between order statistics (type 7).
/// @throws Error (usage) if empty
[[nodiscard]] double quantile(std::span<const double> values, double q);

}  // namespace autotune
