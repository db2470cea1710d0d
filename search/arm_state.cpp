#include "search/arm_state.hpp"

#include <algorithm>

namespace autotune {

void ArmState::learn(int batch, const Outcome& outcome, const SearchOptions& options) {
  switch (outcome.status) {
    case TrialStatus::ok:
      if (!meets(outcome, options)) {
        first_closed_ = std::min(first_closed_, batch);
        return;
      }
      ++measured_;
      if (outcome.joules_per_unit) best_joules_ = std::min(best_joules_, *outcome.joules_per_unit);
      return;
    case TrialStatus::out_of_memory:
    case TrialStatus::too_slow:
    case TrialStatus::timed_out:
      first_closed_ = std::min(first_closed_, batch);
      return;
    case TrialStatus::crashed:
      if (++crashes_ >= 2 && measured_ == 0) first_closed_ = 0;
      return;
    case TrialStatus::inaccurate:
    case TrialStatus::unsupported:
      first_closed_ = 0;
      return;
  }
}

bool meets(const Outcome& outcome, const SearchOptions& options) noexcept {
  if (outcome.status != TrialStatus::ok) return false;
  if (options.max_latency_ms && outcome.latency_p99_ms &&
      *outcome.latency_p99_ms > *options.max_latency_ms) {
    return false;
  }
  return !(options.max_memory_bytes && outcome.peak_memory_bytes &&
           *outcome.peak_memory_bytes > *options.max_memory_bytes);
}

void BestSoFar::learn(const Candidate& candidate, const Outcome& outcome,
                      const SearchOptions& options) {
  if (!outcome.joules_per_unit || !meets(outcome, options)) return;
  if (!verdict_ || *outcome.joules_per_unit < verdict_->joules_per_unit) {
    verdict_ = Verdict{candidate, *outcome.joules_per_unit};
  }
}

}  // namespace autotune
