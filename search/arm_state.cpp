#include "search/arm_state.hpp"

#include <algorithm>

namespace autotune {
namespace {

std::optional<double> limited_latency(const Outcome& outcome) noexcept {
  return outcome.latency_p99_ms ? outcome.latency_p99_ms : outcome.latency_ms;
}

/// The largest of the outcome's values over its limit, as a factor; 0 where there is none.
double excess(const Outcome& outcome, const SearchOptions& options) noexcept {
  double factor = 0;
  if (const auto latency = limited_latency(outcome); options.max_latency_ms && latency) {
    factor = *latency / *options.max_latency_ms;
  }
  if (options.max_memory_bytes && outcome.peak_memory_bytes) {
    factor = std::max(factor, static_cast<double>(*outcome.peak_memory_bytes) /
                                  static_cast<double>(*options.max_memory_bytes));
  }
  return factor;
}

}  // namespace

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
  return excess(outcome, options) <= 1;
}

bool too_slow(const Outcome& outcome, const SearchOptions& options) noexcept {
  if (outcome.status == TrialStatus::too_slow) return true;
  const auto latency = limited_latency(outcome);
  return outcome.status == TrialStatus::ok && options.max_latency_ms && latency &&
         *latency > *options.max_latency_ms;
}

void BestSoFar::learn(const Candidate& candidate, const Outcome& outcome,
                      const SearchOptions& options) {
  if (!outcome.joules_per_unit || !meets(outcome, options)) return;
  if (!verdict_ || *outcome.joules_per_unit < verdict_->joules_per_unit) {
    verdict_ = Verdict{candidate, *outcome.joules_per_unit};
  }
}

void ClosestMissSoFar::learn(const Candidate& candidate, const Outcome& outcome,
                             const SearchOptions& options) {
  if (outcome.status != TrialStatus::ok && outcome.status != TrialStatus::too_slow) return;
  const double factor = excess(outcome, options);
  if (factor <= 1 || factor >= excess_) return;
  excess_ = factor;
  miss_ = ClosestMiss{candidate, outcome};
}

}  // namespace autotune
