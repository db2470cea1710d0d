#pragma once
#include <limits>
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
  Plan step(StepKind kind, std::size_t point, int round = 0);

  // The phases, in order: each gives its next step, or nothing once it has no more to do.
  Plan measure_incumbent();
  Plan visit_arms();
  Plan shape_arms();
  Plan explore();
  Plan look_beside();
  Plan race();

  // Visiting an arm, in order (visits.cpp).
  Plan visit(std::size_t arm, double until);
  Plan last_chance(std::size_t arm);
  Plan find_frontier(std::size_t arm);
  Plan find_latency_limit(std::size_t arm);
  Plan probe_edges(std::size_t arm);
  Plan first_window(std::size_t arm);
  Plan shape_windows(std::size_t arm);
  [[nodiscard]] std::vector<std::size_t> visiting_order() const;
  [[nodiscard]] bool visits_are_over(std::size_t arm) const;
  [[nodiscard]] bool hopeless(std::size_t arm, double ratio) const;
  [[nodiscard]] std::vector<std::size_t> seeds(std::size_t arm) const;
  [[nodiscard]] std::optional<std::size_t> largest_open(std::size_t arm) const;
  [[nodiscard]] std::optional<std::size_t> fastest_known(std::size_t arm) const;

  // What is worth a look (choices.cpp).
  struct Choice {
    std::size_t point = 0;
    bool probe = false;
    double gain = 0;  ///< Expected improvement, of the logarithm.
    double gain_per_second = 0;
  };
  [[nodiscard]] std::optional<Choice> choose() const;
  [[nodiscard]] Choice rate(std::size_t point, const Beliefs::Gap& gap) const;
  [[nodiscard]] std::size_t middle_of_unknown(std::size_t point) const;
  [[nodiscard]] std::size_t less_known(std::size_t point) const;
  [[nodiscard]] bool probing_pays() const;
  [[nodiscard]] bool may_probe() const;
  void update() const;

  // Racing (finals.cpp).
  [[nodiscard]] std::vector<std::size_t> entrants(std::size_t most) const;
  [[nodiscard]] std::size_t places() const;
  void start_race();
  void thin_race();

  [[nodiscard]] bool exploration_is_over() const;
  [[nodiscard]] std::string why_nothing_is_left() const;
  [[nodiscard]] std::optional<std::size_t> reference(std::size_t best) const;

  struct ArmVisit {
    bool begun = false;
    bool visited = false;
    int probes = 0;
    double ms_per_row = std::numeric_limits<double>::infinity();  ///< The least known.
  };

  SearchOptions options_;
  Grid grid_;
  mutable Beliefs beliefs_;  ///< Its surrogates catch up with what was told when they are asked.
  Costs costs_;
  std::vector<ArmVisit> arms_;
  std::optional<std::size_t> incumbent_;
  bool incumbent_tried_ = false;
  bool probes_tell_ = true;  ///< A probe that runs gives a latency.
  bool explored_ = false;
  std::optional<Race> race_;
  int thinned_ = 0;  ///< Rounds.
  bool refused_by_budget_ = false;
  std::string ended_;
  int next_id_ = 0;
};

}  // namespace autotune
