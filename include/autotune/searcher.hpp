#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autotune/trial.hpp"

namespace autotune {

/// What can be tried: for each arm, by its name, the batches in rising order.
struct SearchSpace {
  struct ArmRange {
    std::string name;
    std::vector<int> batches;
  };
  std::vector<ArmRange> arms;

  [[nodiscard]] std::size_t size() const noexcept;  ///< Configurations in all.
};

/// A point of the space.
struct Candidate {
  std::size_t arm = 0;  ///< Index into `SearchSpace::arms`.
  int batch = 1;

  friend auto operator<=>(const Candidate&, const Candidate&) = default;
};

/// `fit`: does it run, and with how much memory; `probe`: a few iterations, latency only;
/// `window`: energy.
enum class StepKind { fit, probe, window };

[[nodiscard]] std::string_view to_string(StepKind kind) noexcept;

/// One thing to measure.
struct Step {
  int id = 0;
  StepKind kind = StepKind::window;
  Candidate candidate;
  int round = 0;       ///< Rounds compare configurations under the same drift; 0 while searching.
  double seconds = 0;  ///< Length of the window; 0: the measurer's choice.
};

/// What came of a step. Values that a step of this kind does not give are absent.
struct Outcome {
  TrialStatus status = TrialStatus::ok;
  std::optional<double> latency_ms;      ///< Median per iteration.
  std::optional<double> latency_p99_ms;  ///< The maximum below 100 iterations.
  std::optional<double> joules_per_unit;
  std::optional<std::uint64_t> peak_memory_bytes;
  double seconds = 0;  ///< What the step cost, switches and warm-up included.
  double joules = 0;
};

/// The searcher's answer.
struct Verdict {
  Candidate candidate;
  double joules_per_unit = 0;
};

struct SearchOptions {
  std::uint64_t seed = 0;
  std::optional<Candidate> incumbent;    ///< Measured first.
  std::optional<double> max_latency_ms;  ///< On p99.
  std::optional<std::uint64_t> max_memory_bytes;
};

/// Proposes what to measure next and learns from what came of it.
///
/// Deterministic: one binary, one seed and the same outcomes give the same steps. Knows no clock;
/// whoever drives it stops asking when the budget is spent.
class Searcher {
 public:
  virtual ~Searcher() = default;

  /// The next step; nothing once no measurement can change the answer.
  [[nodiscard]] virtual std::optional<Step> ask() = 0;

  /// What came of `step`. Each step is told once; a failure is an outcome like any other.
  virtual void tell(const Step& step, const Outcome& outcome) = 0;

  /// The best measured candidate; nothing before the first success.
  [[nodiscard]] virtual std::optional<Verdict> best() const = 0;
};

struct SearcherEntry {
  std::string_view name;
  std::string_view summary;  ///< For `--help` and the documentation.
  std::unique_ptr<Searcher> (*make)(SearchSpace space, SearchOptions options);
};

/// Every searcher there is; the first is the default.
[[nodiscard]] std::span<const SearcherEntry> searchers();

/// @throws Error (usage) naming the known searchers; or if the space has no candidates
[[nodiscard]] std::unique_ptr<Searcher> make_searcher(std::string_view name, SearchSpace space,
                                                      SearchOptions options);

}  // namespace autotune
