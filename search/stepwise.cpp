#include "search/stepwise.hpp"

namespace autotune {

Stepwise::Stepwise(SearchSpace space, SearchOptions options)
    : space_(std::move(space)), options_(std::move(options)), arms_(space_.arms.size()) {}

std::optional<Step> Stepwise::ask() {
  const bool first = next_id_ == 0;
  std::optional<Step> step =
      first && options_.incumbent ? std::optional(window_of(*options_.incumbent)) : next();
  if (step) {
    step->id = next_id_++;
  } else if (why_ended_.empty()) {
    why_ended_ = best() ? reason() : "nothing that ran keeps within the limits";
  }
  return step;
}

void Stepwise::tell(const Step& step, const Outcome& outcome) {
  arms_[step.candidate.arm].learn(step.candidate.batch, outcome, options_);
  best_.learn(step.candidate, outcome, options_);
  miss_.learn(step.candidate, outcome, options_);
  spending_.learn(step, outcome);
  learn(step, outcome);
}

std::optional<ClosestMiss> Stepwise::closest_miss() const {
  return best() ? std::nullopt : miss_.miss();
}

}  // namespace autotune
