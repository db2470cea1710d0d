#pragma once
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "autotune/comparison.hpp"
#include "autotune/searcher.hpp"

namespace autotune {

/// A race: rounds in which every entrant is measured once, so that drift meets all alike. The order
/// is random, with the configurations of one arm as neighbours; a round begins in the arm in which
/// the last one ended. Who is told apart from the best leaves at a look (`is_look`).
class Race {
 public:
  struct Options {
    std::uint64_t seed = 0;
    int max_rounds = 1 << 20;
    ComparisonOptions comparison;  ///< `barred` has no meaning here.
  };

  Race(std::vector<Candidate> entrants, Options options);

  /// Whom to measure next; nothing when the race is over.
  [[nodiscard]] std::optional<Candidate> next();

  /// 1, 2, …: the round of the candidate that `next` gave.
  [[nodiscard]] int round() const noexcept { return round_; }

  /// What came of it. One that fails leaves the race.
  void tell(const Candidate& candidate, const Outcome& outcome);

  /// Takes part from the next round on.
  void add(const Candidate& candidate);
  void drop(const Candidate& candidate);

  [[nodiscard]] bool racing(const Candidate& candidate) const;
  [[nodiscard]] std::size_t left() const;
  [[nodiscard]] bool round_ended() const noexcept { return queue_.empty(); }

  /// Everyone who ever took part, in order of entry: the indices of `compare`.
  [[nodiscard]] const std::vector<Candidate>& entrants() const noexcept { return entrants_; }
  [[nodiscard]] RoundComparison compare() const;

 private:
  [[nodiscard]] std::optional<std::size_t> index(const Candidate& candidate) const;
  void thin();
  void start_round();

  Options options_;
  std::mt19937_64 generator_;
  std::vector<Candidate> entrants_;
  std::vector<bool> racing_;
  std::vector<RoundWindow> windows_;
  std::vector<Candidate> queue_;  // Of this round, the next one last.
  std::optional<std::size_t> last_arm_;
  int round_ = 0;
  bool settled_ = false;
};

}  // namespace autotune
