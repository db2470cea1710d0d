#pragma once
#include <functional>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "autotune/searcher.hpp"

namespace autotune {

/// Arms of the batches 1 … max_batch.
inline SearchSpace space_of(std::vector<std::string> arms, int max_batch) {
  SearchSpace space;
  for (auto& name : arms) {
    std::vector<int> batches(static_cast<std::size_t>(max_batch));
    std::iota(batches.begin(), batches.end(), 1);
    space.arms.push_back({std::move(name), std::move(batches)});
  }
  return space;
}

inline Outcome ok(double joules, double latency_ms = 1) {
  return {.latency_ms = latency_ms, .latency_p99_ms = latency_ms, .joules_per_unit = joules};
}

inline Outcome failed(TrialStatus status) { return {.status = status}; }

using Measure = std::function<Outcome(const Candidate&)>;

/// Asks and tells until the searcher is done or `limit` steps are taken; the steps, in order.
inline std::vector<Step> steps_of(Searcher& searcher, const Measure& measure, int limit = 1 << 20) {
  std::vector<Step> asked;
  while (static_cast<int>(asked.size()) < limit) {
    const auto step = searcher.ask();
    if (!step) break;
    asked.push_back(*step);
    Outcome outcome = measure(step->candidate);
    if (step->kind != StepKind::window) outcome.joules_per_unit.reset();
    searcher.tell(*step, outcome);
  }
  return asked;
}

/// Of the steps of one kind, the candidates.
inline std::vector<Candidate> candidates_of(const std::vector<Step>& steps, StepKind kind) {
  std::vector<Candidate> candidates;
  for (const Step& step : steps) {
    if (step.kind == kind) candidates.push_back(step.candidate);
  }
  return candidates;
}

inline std::vector<Candidate> windows_of(const std::vector<Step>& steps) {
  return candidates_of(steps, StepKind::window);
}

}  // namespace autotune
