#pragma once
#include <array>
#include <cstddef>
#include <map>
#include <optional>

#include "autotune/searcher.hpp"

namespace autotune {

/// What steps have cost so far, and so what the next one will.
class Costs {
 public:
  explicit Costs(const SearchBudget& budget) : budget_(budget) {}

  void learn(const Step& step, const Outcome& outcome);

  /// Without a switch; a guess before the first of its kind.
  [[nodiscard]] double seconds(StepKind kind) const;
  [[nodiscard]] bool known(StepKind kind) const { return own_[index(kind)].count > 0; }
  /// To an arm that was switched to before, what it took the last time: it may have stayed resident
  /// since. To another one, what the first switches to arms took on average.
  [[nodiscard]] double switch_seconds(std::size_t arm) const;
  /// No switch to it is needed.
  [[nodiscard]] bool loaded(std::size_t arm) const { return !arm_ || *arm_ == arm; }

  /// In this arm now, the switch to it included in part: it serves later steps too.
  [[nodiscard]] double seconds_in(StepKind kind, std::size_t arm) const;

  /// The largest share that is spent of any limit; 0 without limits.
  [[nodiscard]] double spent() const;

  /// How many windows the rest of every limit affords; absent without limits.
  [[nodiscard]] std::optional<double> windows_left() const;

  /// Of the limits in seconds and joules, the latter at the mean power so far; infinite without.
  [[nodiscard]] double seconds_left() const;

  /// What seconds and joules leave room for, however many windows are counted.
  [[nodiscard]] std::optional<double> windows_in_time() const;
  [[nodiscard]] std::optional<double> windows_planned() const;

  /// Whether a step of this kind keeps within every limit, as far as can be foreseen.
  [[nodiscard]] bool affordable(StepKind kind, std::size_t arm) const;

  [[nodiscard]] double spent_seconds() const noexcept { return seconds_; }
  [[nodiscard]] double probing_seconds() const noexcept { return probing_seconds_; }
  [[nodiscard]] std::optional<std::size_t> arm() const noexcept { return arm_; }

 private:
  void learn_switch(std::size_t arm, double seconds);
  struct Mean {
    double sum = 0;
    int count = 0;
    [[nodiscard]] double value(double otherwise) const { return count ? sum / count : otherwise; }
  };
  [[nodiscard]] static std::size_t index(StepKind kind) { return static_cast<std::size_t>(kind); }

  SearchBudget budget_;
  std::array<Mean, 3> own_;
  Mean first_switches_;
  std::map<std::size_t, double> last_switch_seconds_;  ///< By arm.
  Mean watts_;
  int windows_ = 0;
  double seconds_ = 0;
  double joules_ = 0;
  double probing_seconds_ = 0;
  std::optional<std::size_t> arm_;
};

}  // namespace autotune
