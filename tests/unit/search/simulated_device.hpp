#pragma once
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <vector>

#include "autotune/searcher.hpp"

namespace autotune {

/// A device whose truth is known: answers steps, and keeps count of what they cost.
struct SimulatedDevice {
  std::function<double(const Candidate&)> latency_ms;
  std::function<double(const Candidate&)> watts = [](const Candidate&) { return 100.0; };
  std::function<std::uint64_t(const Candidate&)> peak_memory_bytes;
  std::uint64_t capacity_bytes = std::numeric_limits<std::uint64_t>::max();
  double window_scatter = 0.01;
  double latency_scatter = 0.002;
  double probe_seconds = 0.1;
  double window_seconds = 1.5;
  double switch_seconds = 8;

  std::mt19937_64 generator{1};
  std::vector<Step> steps;
  std::optional<std::size_t> loaded_arm;
  int windows = 0;
  int out_of_memory = 0;
  double seconds = 0;
  double joules = 0;

  [[nodiscard]] double joules_per_row(const Candidate& candidate) const {
    return watts(candidate) * latency_ms(candidate) / 1000 / candidate.batch;
  }

  Outcome measure(const Step& step) {
    steps.push_back(step);
    std::normal_distribution<double> normal;
    const Candidate& candidate = step.candidate;
    Outcome outcome;
    const bool window = step.kind == StepKind::window;
    outcome.seconds = (window ? window_seconds : probe_seconds) +
                      (loaded_arm && *loaded_arm != candidate.arm ? switch_seconds : 0);
    outcome.joules = outcome.seconds * watts(candidate);
    loaded_arm = candidate.arm;
    windows += window;
    seconds += outcome.seconds;
    joules += outcome.joules;
    if (peak_memory_bytes) {
      if (peak_memory_bytes(candidate) > capacity_bytes) {
        ++out_of_memory;
        outcome.status = TrialStatus::out_of_memory;
        return outcome;
      }
      outcome.peak_memory_bytes = peak_memory_bytes(candidate);
    }
    if (step.kind == StepKind::fit) return outcome;
    outcome.latency_ms = latency_ms(candidate) * std::exp(latency_scatter * normal(generator));
    outcome.latency_p99_ms = outcome.latency_ms;
    if (window) {
      outcome.joules_per_unit =
          joules_per_row(candidate) * std::exp(window_scatter * normal(generator));
    }
    return outcome;
  }

  /// Lets the searcher search until it is done.
  void search(Searcher& searcher) {
    while (const auto step = searcher.ask()) searcher.tell(*step, measure(*step));
  }

  [[nodiscard]] int count(StepKind kind, std::size_t arm) const {
    int found = 0;
    for (const Step& step : steps) found += step.kind == kind && step.candidate.arm == arm;
    return found;
  }

  [[nodiscard]] bool measured(const Candidate& candidate) const {
    for (const Step& step : steps) {
      if (step.kind != StepKind::fit && step.candidate == candidate) return true;
    }
    return false;
  }

  /// True energy of `candidate` over the least of the space, less 1.
  [[nodiscard]] double regret(const Candidate& candidate, const SearchSpace& space) const {
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t arm = 0; arm < space.arms.size(); ++arm) {
      for (const int batch : space.arms[arm].batches) {
        const Candidate other{arm, batch};
        if (peak_memory_bytes && peak_memory_bytes(other) > capacity_bytes) continue;
        least = std::min(least, joules_per_row(other));
      }
    }
    return joules_per_row(candidate) / least - 1;
  }
};

/// A fixed cost, and so much for each tile that is begun: flat, then a jump.
inline double tiled_latency(int batch, int tile, double fixed = 2, double per_tile = 1) {
  return fixed + per_tile * std::ceil(static_cast<double>(batch) / tile);
}

}  // namespace autotune
