#pragma once
#include <limits>
#include <optional>

#include "autotune/searcher.hpp"

namespace autotune {

/// What has been learnt of one arm: how far its batches go and how good it is.
///
/// Memory and latency are taken to rise with the batch, so one failure closes all larger batches;
/// two crashes before any success, or a failure that is the arm's own, close the arm.
class ArmState {
 public:
  void learn(int batch, const Outcome& outcome, const SearchOptions& options);

  [[nodiscard]] bool open(int batch) const noexcept { return batch < first_closed_; }
  [[nodiscard]] int measured() const noexcept { return measured_; }
  [[nodiscard]] double best_joules() const noexcept { return best_joules_; }

 private:
  int first_closed_ = std::numeric_limits<int>::max();
  int measured_ = 0;
  int crashes_ = 0;
  double best_joules_ = std::numeric_limits<double>::infinity();
};

/// Whether an outcome may be the answer: measured, and within the limits. A measurer that gives no
/// p99 is judged by its median.
[[nodiscard]] bool meets(const Outcome& outcome, const SearchOptions& options) noexcept;

/// Whether it was measured and is over the latency limit.
[[nodiscard]] bool too_slow(const Outcome& outcome, const SearchOptions& options) noexcept;

/// Keeps the best verdict so far.
class BestSoFar {
 public:
  void learn(const Candidate& candidate, const Outcome& outcome, const SearchOptions& options);
  [[nodiscard]] const std::optional<Verdict>& verdict() const noexcept { return verdict_; }

 private:
  std::optional<Verdict> verdict_;
};

/// Keeps the outcome that breaks the limits by the smallest factor. One that failed otherwise, or
/// that has no value to hold against a limit, is no miss.
class ClosestMissSoFar {
 public:
  void learn(const Candidate& candidate, const Outcome& outcome, const SearchOptions& options);
  [[nodiscard]] const std::optional<ClosestMiss>& miss() const noexcept { return miss_; }

 private:
  std::optional<ClosestMiss> miss_;
  double excess_ = std::numeric_limits<double>::infinity();
};

}  // namespace autotune
