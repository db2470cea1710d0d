#pragma once
#include <optional>
#include <string>
#include <vector>

#include "search/hybrid/beliefs.hpp"
#include "search/hybrid/costs.hpp"
#include "search/race.hpp"

namespace autotune {

/// The default searcher (docs/search.md#hybrid): latency is cheap and precise, energy is neither.
/// So latency is probed where an edge could pay, energy measured where it could be least, and who
/// is close to the best then races it.
class Hybrid final : public Searcher {
 public:
  Hybrid(SearchSpace space, SearchOptions options);

  std::optional<Step> ask() override;
  void tell(const Step& step, const Outcome& outcome) override;
  std::optional<Verdict> best() const override;
  std::vector<Candidate> finalists() const override;
  std::string why_ended() const override { return ended_; }
  std::optional<ClosestMiss> closest_miss() const override;

 private:
  using Plan = std::optional<Step>;

  // The phases, in order: each gives its next step, or nothing once it has no more to do.
  Plan measure_incumbent();
  Plan visit_arms();
  Plan explore();
  Plan look_beside();
  Plan race();

  // Visiting an arm.
  Plan find_frontier(std::size_t arm);
  Plan find_latency_limit(std::size_t arm);
  Plan probe_edges(std::size_t arm);
  Plan first_window(std::size_t arm);
  [[nodiscard]] std::vector<std::size_t> visiting_order() const;
  [[nodiscard]] bool hopeless(std::size_t arm, double ratio) const;
  [[nodiscard]] std::vector<std::size_t> seeds(std::size_t arm) const;

  // Exploring.
  struct Choice {
    std::size_t point = 0;
    bool probe = false;
    double gain = 0;  ///< Expected improvement.
    double gain_per_second = 0;
  };
  [[nodiscard]] std::optional<Choice> choose() const;
  [[nodiscard]] Choice rate(std::size_t point, const Beliefs::Gap& gap) const;
  [[nodiscard]] std::size_t middle_of_unknown(std::size_t point) const;
  [[nodiscard]] std::size_t less_known(std::size_t point) const;
  [[nodiscard]] bool exploration_is_over();

  // Racing.
  [[nodiscard]] std::size_t places() const;
  void start_race();
  void thin_race();
  [[nodiscard]] std::vector<std::size_t> entrants(std::size_t most) const;

  [[nodiscard]] std::optional<std::size_t> reference(std::size_t best) const;
  [[nodiscard]] std::vector<std::size_t> open_points(std::optional<std::size_t> arm) const;
  [[nodiscard]] bool probing_pays() const;
  [[nodiscard]] bool may_probe() const;
  [[nodiscard]] double probing_allowance() const;
  void update() const;
  Plan step(StepKind kind, std::size_t point, int round = 0);

  SearchOptions options_;
  Grid grid_;
  mutable Beliefs beliefs_;  ///< Its surrogates catch up with what was told when they are asked.
  Costs costs_;
  std::vector<bool> visited_;
  std::vector<int> visit_probes_;
  std::vector<double> visit_latency_;  ///< Per arm, the least milliseconds per row known.
  std::optional<std::size_t> incumbent_;
  bool incumbent_tried_ = false;
  bool explored_ = false;
  std::optional<Race> race_;
  int thinned_ = 0;  ///< Rounds.
  std::string ended_;
  int next_id_ = 0;
};

}  // namespace autotune
