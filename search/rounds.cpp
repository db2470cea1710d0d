#include "search/rounds.hpp"

#include <algorithm>

namespace autotune {
namespace {

// At 2.4 % noise 30 rounds leave a standard error of 0.5 % or so, since noise in successive windows
// is correlated: the indifference zone (research on recorded NVML windows; docs/measuring.md).
constexpr int most_rounds = 30;

}  // namespace

Rounds::Rounds(std::vector<Candidate> entrants, double indifference)
    : entrants_(std::move(entrants)) {
  std::ranges::sort(entrants_);
  entrants_.erase(std::ranges::unique(entrants_).begin(), entrants_.end());
  in_.assign(entrants_.size(), true);
  options_.indifference = indifference;
}

std::optional<Step> Rounds::next() {
  if (queue_.empty() && untold_ == 0) begin_round();
  if (decided_ || queue_.empty()) return std::nullopt;
  const std::size_t entrant = queue_.front();
  queue_.pop_front();
  ++untold_;
  return Step{0, StepKind::window, entrants_[entrant], round_, 0};
}

void Rounds::begin_round() {
  drop_those_behind();
  if (decided_ || std::ranges::count(in_, true) < 2 || round_ == most_rounds) {
    decided_ = true;
    return;
  }
  ++round_;
  for (std::size_t i = 0; i < entrants_.size(); ++i) {
    if (!in_[i]) continue;
    if (round_ % 2 == 1) {
      queue_.push_back(i);
    } else {
      queue_.push_front(i);
    }
  }
}

// Dropping is asked from the second round on, not at looks only: a budget often ends before the
// first look, and the interval of few rounds is wide enough to spare whoever is near.
void Rounds::drop_those_behind() {
  if (round_ < 2 || windows_.empty()) return;
  const RoundComparison comparison = compare();
  decided_ = is_look(static_cast<std::size_t>(round_)) && comparison.settled();
  for (std::size_t i = 0; i < entrants_.size(); ++i) {
    if (in_[i] && comparison.may_drop(i)) in_[i] = false;
  }
}

void Rounds::tell(const Step& step, const Outcome& outcome, bool counts) {
  const auto entrant = index_of(step.candidate);
  if (!entrant || step.round == 0) return;
  --untold_;
  if (!counts || !outcome.joules_per_unit) {
    in_[*entrant] = false;
    options_.barred.push_back(*entrant);
    std::erase(queue_, *entrant);
    return;
  }
  windows_.push_back({.configuration = *entrant,
                      .round = static_cast<std::size_t>(step.round),
                      .joules_per_unit = *outcome.joules_per_unit});
}

RoundComparison Rounds::compare() const { return compare_rounds(windows_, options_); }

std::optional<std::size_t> Rounds::index_of(const Candidate& candidate) const {
  const auto at = std::ranges::find(entrants_, candidate);
  if (at == entrants_.end()) return std::nullopt;
  return static_cast<std::size_t>(at - entrants_.begin());
}

std::optional<Verdict> Rounds::verdict(const std::optional<Candidate>& reference) const {
  const bool full_round = round_ > 1 || (round_ == 1 && queue_.empty() && untold_ == 0);
  if (!full_round || windows_.empty()) return std::nullopt;
  const RoundComparison comparison = compare();
  if (!comparison.best()) return std::nullopt;
  const std::size_t best = *comparison.best();
  Verdict verdict{entrants_[best], comparison.estimate(best)->value, std::nullopt, std::nullopt};
  const auto index = reference ? index_of(*reference) : std::nullopt;
  if (index && std::ranges::count(windows_, *index, &RoundWindow::configuration) > 0) {
    verdict.reference = reference;
    verdict.ratio = comparison.ratio(best, *index);
  }
  return verdict;
}

}  // namespace autotune
