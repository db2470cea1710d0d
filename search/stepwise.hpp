#pragma once
#include <optional>
#include <string>
#include <vector>

#include "search/arm_state.hpp"
#include "search/spending.hpp"

namespace autotune {

/// What most searchers have in common: the incumbent first, ids in order, what was learnt and
/// spent. A searcher adds what to do next.
class Stepwise : public Searcher {
 public:
  std::optional<Step> ask() final;
  void tell(const Step& step, const Outcome& outcome) final;
  [[nodiscard]] std::optional<Verdict> best() const override { return best_.verdict(); }
  [[nodiscard]] std::string why_ended() const final { return why_ended_; }
  [[nodiscard]] std::optional<ClosestMiss> closest_miss() const final;

 protected:
  Stepwise(SearchSpace space, SearchOptions options);

  /// The next step, its id left out; nothing once there is no more to do.
  virtual std::optional<Step> next() = 0;
  virtual void learn(const Step&, const Outcome&) {}
  /// In a few words, once `next` gave nothing.
  [[nodiscard]] virtual std::string reason() const = 0;

  [[nodiscard]] const SearchSpace& space() const noexcept { return space_; }
  [[nodiscard]] const SearchOptions& options() const noexcept { return options_; }
  [[nodiscard]] const Spending& spending() const noexcept { return spending_; }
  [[nodiscard]] const ArmState& arm(std::size_t index) const { return arms_[index]; }
  [[nodiscard]] const BestSoFar& best_so_far() const noexcept { return best_; }
  [[nodiscard]] bool open(const Candidate& candidate) const {
    return arms_[candidate.arm].open(candidate.batch);
  }
  [[nodiscard]] static Step window_of(const Candidate& candidate) {
    return {0, StepKind::window, candidate, 0, 0};
  }

 private:
  SearchSpace space_;
  SearchOptions options_;
  std::vector<ArmState> arms_;
  Spending spending_;
  BestSoFar best_;
  ClosestMissSoFar miss_;
  int next_id_ = 0;
  std::string why_ended_;
};

}  // namespace autotune
