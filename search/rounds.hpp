#pragma once
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "autotune/comparison.hpp"
#include "autotune/searcher.hpp"

namespace autotune {

/// Measures a few candidates in rounds, so that drift cancels, and drops those that are behind.
///
/// A round goes through the arms forwards, the next one backwards: an arm switch costs seconds.
class Rounds {
 public:
  Rounds(std::vector<Candidate> entrants, double indifference);

  /// The next window, its id left out; nothing once the race is decided.
  [[nodiscard]] std::optional<Step> next();

  /// @param counts whether the outcome may be the answer; an entrant that fails is out
  void tell(const Step& step, const Outcome& outcome, bool counts);

  /// The best by the finished rounds, against `reference` if that ran too; nothing before the
  /// first full round.
  [[nodiscard]] std::optional<Verdict> verdict(const std::optional<Candidate>& reference) const;

 private:
  void begin_round();
  void drop_those_behind();
  [[nodiscard]] RoundComparison compare() const;
  [[nodiscard]] std::optional<std::size_t> index_of(const Candidate& candidate) const;

  std::vector<Candidate> entrants_;  ///< All there ever were, by arm and batch.
  std::vector<bool> in_;             ///< Which of them are still in the race.
  ComparisonOptions options_;
  std::vector<RoundWindow> windows_;
  std::deque<std::size_t> queue_;  ///< What is left of this round.
  int round_ = 0;
  int untold_ = 0;  ///< Windows of this round that were asked and not told.
  bool decided_ = false;
};

}  // namespace autotune
