#pragma once
#include <optional>
#include <string>

#include "autotune/searcher.hpp"
#include "search/spending.hpp"

namespace autotune {

/// A search for drivers that are not ours: refuses what cannot be true, changing nothing, and ends
/// when the budget is spent. Asked again before the step was told, it gives that step again.
class GuardedSearch {
 public:
  /// @throws Error (usage) naming the option that cannot be used
  GuardedSearch(std::string_view searcher, SearchSpace space, SearchOptions options);

  [[nodiscard]] std::optional<Step> ask();

  /// @throws Error (usage) if `step` is not the one that `ask` gave last, or was told before, or if
  ///         a value is missing or cannot be
  void tell(const Step& step, const Outcome& outcome);

  [[nodiscard]] std::optional<Verdict> best() const { return searcher_->best(); }
  [[nodiscard]] std::vector<Candidate> finalists() const { return searcher_->finalists(); }
  [[nodiscard]] std::optional<ClosestMiss> closest_miss() const;
  [[nodiscard]] std::string why_ended() const;
  [[nodiscard]] const Spending& spending() const noexcept { return spending_; }
  [[nodiscard]] const SearchSpace& space() const noexcept { return space_; }

 private:
  void check_step(const Step& step) const;
  void check_values(const Step& step, const Outcome& outcome) const;
  [[nodiscard]] std::string name_of(const Step& step) const;

  SearchSpace space_;
  SearchOptions options_;
  std::unique_ptr<Searcher> searcher_;
  Spending spending_;
  std::optional<Step> pending_;
  int last_id_ = -1;
  bool done_ = false;
};

}  // namespace autotune
