#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autotune/comparison.hpp"
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
  std::optional<Candidate> reference;  ///< The incumbent, else what the searcher names itself.
  std::optional<Ratio> ratio;          ///< Energy over the reference's; absent if not compared.
};

/// The measured candidate that breaks the limits by least, where none keeps them.
struct ClosestMiss {
  Candidate candidate;
  Outcome outcome;
};

/// What a search may spend, race and verification included; absent: no limit. A searcher plans with
/// it; who drives the search enforces it.
struct SearchBudget {
  std::optional<int> windows;
  std::optional<double> seconds;
  std::optional<double> joules;
};

/// What is known of the same workload on other hardware: where to look, never what to answer.
struct SearchPrior {
  std::vector<int> edges;            ///< Batches after which the energy per unit jumped.
  std::vector<Candidate> promising;  ///< The best there, best first; what the space lacks is passed
                                     ///< over.
};

struct SearchOptions {
  std::uint64_t seed = 0;
  std::optional<Candidate> incumbent;    ///< Measured first.
  std::optional<double> max_latency_ms;  ///< On p99.
  std::optional<std::uint64_t> max_memory_bytes;
  SearchBudget budget;
  double units_per_row = 1;     ///< Tokens, mostly: the edges lie at multiples of them.
  double indifference = 0.005;  ///< Gaps within it are not worth a window.
  SearchPrior prior;
  bool race = true;  ///< False: end where the race would begin; the driver races `finalists()`.
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

  /// What deserves a race now, the most promising first; empty if the searcher has no opinion
  /// beyond what it measured.
  [[nodiscard]] virtual std::vector<Candidate> finalists() const { return {}; }

  /// Why `ask` gave nothing, in a few words; empty before.
  [[nodiscard]] virtual std::string why_ended() const { return {}; }

  /// Where `best` has nothing although something ran: what came closest to the limits.
  [[nodiscard]] virtual std::optional<ClosestMiss> closest_miss() const { return std::nullopt; }
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
