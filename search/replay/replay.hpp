#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "search/replay/charges.hpp"
#include "search/replay/noisy_meter.hpp"
#include "search/replay/table.hpp"

namespace autotune::replay {

struct ReplayOptions {
  std::string searcher;    ///< Empty: the default one.
  std::uint64_t seed = 0;  ///< Of the searcher and of the noise.
  SearchBudget budget;     ///< Bounds everything; told to the searcher too.
  Limits limits;           ///< On the answer.
  std::optional<Candidate> incumbent;
  SearchPrior prior;         ///< What is known of the workload elsewhere.
  double units_per_row = 1;  ///< Only where the searcher looks for edges; a table's row is a unit.
  Noise noise;
  Charges charges;
};

/// What a search cost.
struct Spent {
  int windows = 0;
  int probes = 0;
  int fits = 0;
  double seconds = 0;
  double joules = 0;
  int out_of_memory = 0;           ///< Steps that ended so, of any kind.
  int repeated_out_of_memory = 0;  ///< Of these, at or above a batch of the arm that did before.
};

/// A searcher's answer on a table, judged by the table's true values.
struct ReplayResult {
  std::string searcher;
  std::optional<Candidate> pick;
  bool feasible = false;         ///< The pick truly keeps the limits.
  std::optional<double> regret;  ///< Over the best feasible row, less 1; if the pick is feasible.
  std::optional<double> power_of_two_regret;  ///< The same of the best power of two.
  Spent spent;
  std::optional<Candidate> reference;  ///< What the searcher compared the pick with,
  std::optional<Ratio> ratio;          ///< what it says of their energies
  std::optional<double> true_ratio;    ///< and what is so.
  bool stopped_by_limit = false;
  std::string why_ended;  ///< The searcher's words, or the limit.
};

/// Lets a searcher search a table until it is done or its next step would break the budget.
///
/// The same table and options give the same result, bit for bit.
/// @throws Error (usage) if there is no such searcher
[[nodiscard]] ReplayResult replay(const Table& table, const ReplayOptions& options);

/// The same with a searcher of the caller's, made for the table's space; `options.searcher` is its
/// name in the result.
[[nodiscard]] ReplayResult replay(const Table& table, const ReplayOptions& options,
                                  Searcher& searcher);

}  // namespace autotune::replay
