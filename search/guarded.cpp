#include "search/guarded.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "autotune/error.hpp"

namespace autotune {
namespace {

template <typename... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ErrorCode::usage, fmt::format(format, std::forward<Args>(args)...));
}

void check_positive(std::string_view what, std::optional<double> value) {
  if (value && !(std::isfinite(*value) && *value > 0)) {
    refuse("{} {} must be above 0 and finite.", what, *value);
  }
}

void check_arms(const SearchSpace& space) {
  if (space.arms.empty()) refuse("there is no arm to search. Give at least one name.");
  std::set<std::string_view> names;
  for (const auto& arm : space.arms) {
    if (!names.insert(arm.name).second) refuse("arm '{}' is named twice.", arm.name);
    if (arm.batches.empty()) refuse("arm '{}' has no batches. Give one at least.", arm.name);
    int previous = 0;
    for (const int batch : arm.batches) {
      if (batch < 1) refuse("batch {} of arm '{}' must be 1 or more.", batch, arm.name);
      if (batch == previous) refuse("batch {} of arm '{}' is listed twice.", batch, arm.name);
      previous = batch;
    }
  }
}

void check_options(const SearchSpace& space, const SearchOptions& options) {
  if (options.budget.windows && *options.budget.windows < 1) {
    refuse("a budget of {} windows measures nothing. Give 1 or more.", *options.budget.windows);
  }
  check_positive("the budget of seconds", options.budget.seconds);
  check_positive("the budget of joules", options.budget.joules);
  check_positive("max_latency_ms", options.max_latency_ms);
  check_positive("units_per_row", options.units_per_row);
  if (options.max_memory_bytes && *options.max_memory_bytes == 0) {
    refuse("max_memory_bytes 0 must be above 0.");
  }
  if (!options.incumbent) return;
  const auto [arm, batch] = *options.incumbent;
  if (arm >= space.arms.size()) refuse("the incumbent's arm {} is not in the space.", arm);
  if (!std::ranges::binary_search(space.arms[arm].batches, batch)) {
    refuse("the incumbent's batch {} is not in the space of arm '{}'.", batch, space.arms[arm].name);
  }
}

/// The value that can be held against a limit is missing.
void check_limited(const std::string& step, std::string_view limit, std::string_view missing,
                   bool given) {
  if (!given) {
    refuse("{} gives no {}, which {} needs. Tell it, or how the step failed by status=.", step,
           missing, limit);
  }
}

}  // namespace

GuardedSearch::GuardedSearch(std::string_view searcher, SearchSpace space, SearchOptions options)
    : space_(std::move(space)), options_(std::move(options)) {
  for (auto& arm : space_.arms) std::ranges::sort(arm.batches);
  check_arms(space_);
  check_options(space_, options_);
  searcher_ = make_searcher(searcher, space_, options_);
}

std::optional<Step> GuardedSearch::ask() {
  if (pending_ || done_) return pending_;
  if (!spending_.exhausted(options_.budget)) pending_ = searcher_->ask();
  done_ = !pending_;
  if (pending_) last_id_ = pending_->id;
  return pending_;
}

void GuardedSearch::tell(const Step& step, const Outcome& outcome) {
  check_step(step);
  check_values(step, outcome);
  pending_.reset();
  spending_.learn(step, outcome);
  searcher_->tell(step, outcome);
}

std::optional<ClosestMiss> GuardedSearch::closest_miss() const {
  return best() ? std::nullopt : searcher_->closest_miss();
}

std::string GuardedSearch::why_ended() const {
  if (!done_) return {};
  return spending_.exhausted(options_.budget).value_or(searcher_->why_ended());
}

std::string GuardedSearch::name_of(const Step& step) const {
  const std::string arm = step.candidate.arm < space_.arms.size()
                              ? space_.arms[step.candidate.arm].name
                              : std::to_string(step.candidate.arm);
  return fmt::format("step {} ({} of arm '{}', batch {})", step.id, to_string(step.kind), arm,
                     step.candidate.batch);
}

void GuardedSearch::check_step(const Step& step) const {
  if (step.id > last_id_ || step.id < 0) {
    refuse("{} was never asked. Tell the step that ask() gave.", name_of(step));
  }
  if (!pending_ || step.id < pending_->id) {
    refuse("{} was told before; a step is told once. Ask for the next one.", name_of(step));
  }
  if (step.candidate != pending_->candidate || step.kind != pending_->kind) {
    refuse("{} is not what was asked: {}. Tell the step that ask() gave.", name_of(step),
           name_of(*pending_));
  }
}

void GuardedSearch::check_values(const Step& step, const Outcome& outcome) const {
  check_positive("latency_ms", outcome.latency_ms);
  check_positive("latency_p99_ms", outcome.latency_p99_ms);
  check_positive("joules_per_unit", outcome.joules_per_unit);
  for (const auto& [what, cost] : {std::pair{"seconds", outcome.seconds},
                                   std::pair{"joules", outcome.joules}}) {
    if (!(std::isfinite(cost) && cost >= 0)) {
      refuse("{} {} must be 0 or more and finite: it is what the step cost.", what, cost);
    }
  }
  if (outcome.latency_ms && outcome.latency_p99_ms &&
      *outcome.latency_p99_ms < *outcome.latency_ms) {
    refuse("latency_p99_ms {} is below the median, latency_ms {}.", *outcome.latency_p99_ms,
           *outcome.latency_ms);
  }
  if (outcome.status != TrialStatus::ok) return;
  const std::string name = name_of(step);
  const bool timed = outcome.latency_ms || outcome.latency_p99_ms;
  if (step.kind == StepKind::probe) {
    check_limited(name, "a probe", "latency_ms", outcome.latency_ms.has_value());
  }
  if (step.kind == StepKind::window) {
    check_limited(name, "a window", "joules_per_unit", outcome.joules_per_unit.has_value());
    check_limited(name, "max_latency_ms", "latency", timed || !options_.max_latency_ms);
  }
  if (step.kind != StepKind::probe) {
    check_limited(name, "max_memory_bytes", "peak_memory_bytes",
                  outcome.peak_memory_bytes || !options_.max_memory_bytes);
  }
}

}  // namespace autotune
