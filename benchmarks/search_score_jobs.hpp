#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "search/replay/in_order_sweep.hpp"
#include "search/replay/replay.hpp"

// Every table by every searcher under every limit: what is to be run, and what came of it.
namespace autotune::replay {

/// A table with what its file cannot say.
struct NamedTable {
  std::string set;   ///< Its folder.
  std::string name;  ///< Its file, without the extension.
  Table table;
  double units_per_row = 1;
  Spent sweep;
};

/// Every K-th of the tables that `paths` name: files, or folders with *.csv and tables.json.
[[nodiscard]] std::vector<NamedTable> read_tables(const std::vector<std::string>& paths,
                                                  std::size_t every, const Charges& charges);

/// What the tables say of the same workload on another device: those are named
/// DEVICE_WORKLOAD_rowsN. The five best and the edges (jumps by more than 3 %) of the one with the
/// nearest N; nothing if there is none. An earlier tune knows less: its figures are noisy, and not
/// of every batch.
[[nodiscard]] std::optional<SearchPrior> prior_elsewhere(const NamedTable& table,
                                                         const std::vector<NamedTable>& tables);

/// One limit of one kind; the others are off.
struct Limit {
  std::string kind;  ///< windows, seconds, joules, sweep_seconds, sweep_joules or none.
  double value = 0;  ///< Of the last two: the share of what a sweep of the table costs.

  [[nodiscard]] SearchBudget budget(const Spent& sweep) const;
};

struct Job {
  const NamedTable* table = nullptr;
  SearchPrior prior;
  std::string searcher;
  Limit limit;
  std::uint64_t seed = 0;
};

/// Runs the jobs on `threads`; a line of CSV each, in the order of the jobs.
[[nodiscard]] std::vector<std::string> run(const std::vector<Job>& jobs, const ReplayOptions& model,
                                           unsigned threads);

/// The names of the columns, of which benchmarks/search_peers.py writes the first ones.
extern const char* const score_header;

}  // namespace autotune::replay
