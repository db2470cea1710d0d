#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "autotune/searcher.hpp"

namespace autotune::replay {

/// One row: what the configuration truly is.
struct Row {
  TrialStatus status = TrialStatus::ok;
  std::optional<double> latency_ms;       ///< Of one iteration.
  std::optional<double> joules_per_unit;  ///< A row of the batch is a unit.
  std::optional<std::uint64_t> peak_memory_bytes;

  /// Energy and latency are there, though the status may be another than `ok`.
  [[nodiscard]] bool measured() const noexcept { return latency_ms && joules_per_unit; }

  /// A step on it gives no value. Rows outside the limits on accuracy may still be measured.
  [[nodiscard]] bool fails() const noexcept {
    return status == TrialStatus::out_of_memory || !measured();
  }
};

/// What an answer must keep to.
struct Limits {
  std::optional<double> max_latency_ms;
  std::optional<std::uint64_t> max_memory_bytes;
};

/// A recorded table: the true value of every configuration of a space.
class Table {
 public:
  /// @param name of what `text` was read from, for messages
  /// @throws Error naming file and line
  [[nodiscard]] static Table parse(std::string_view text, const std::string& name);

  /// The arms in order of their first row, their batches rising.
  [[nodiscard]] const SearchSpace& space() const noexcept { return space_; }

  /// @throws Error if the table lacks it
  [[nodiscard]] const Row& at(const Candidate& candidate) const;

  /// Whether a row may be the answer.
  [[nodiscard]] bool feasible(const Candidate& candidate, const Limits& limits) const;

  /// The least energy per unit within the limits; nothing if no row keeps them.
  [[nodiscard]] std::optional<Candidate> best(const Limits& limits) const;

  /// The same among batches 1, 2, 4, 8, ...
  [[nodiscard]] std::optional<Candidate> best_power_of_two(const Limits& limits) const;

  /// Joules per unit x batch / latency; the table's mean where the row has no values.
  [[nodiscard]] double watts(const Candidate& candidate) const;

  /// @throws Error if no row has that arm and batch
  [[nodiscard]] Candidate find(std::string_view arm, int batch) const;

 private:
  void add(const std::string& arm, int batch, const Row& row);
  void finish();
  [[nodiscard]] std::optional<Candidate> best_of(const Limits& limits,
                                                 bool (*counts)(int batch)) const;

  SearchSpace space_;
  std::map<Candidate, Row> rows_;
  double mean_watts_ = 0;
};

/// @throws Error if the file cannot be read or is no recorded table
[[nodiscard]] Table read_table(const std::filesystem::path& file);

}  // namespace autotune::replay
