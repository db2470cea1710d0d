#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autotune/energy.hpp"
#include "autotune/tuner.hpp"
#include "autotune/workload.hpp"

namespace autotune {

/// One window of whole iterations of one configuration.
struct Window {
  TrialStatus status = TrialStatus::ok;
  std::string reason;
  std::vector<double> latencies_ms;  ///< Of each iteration.
  double units = 0;
  double seconds = 0;                 ///< From the first iteration's start to the last one's end.
  std::vector<EnergyPerUnit> energy;  ///< The scopes that could be read, the ranking one first.
  std::optional<double> joules_per_unit;  ///< Of the ranking scope.
  std::uint64_t peak_memory_bytes = 0;
  Timestamp middle{};                               ///< Between its edges.
  std::optional<double> temperature_c;              ///< Of the device, mean of both edges.
  std::optional<double> page_faults_per_iteration;  ///< Mean over the run, its rolls included.
  std::vector<std::string> flags;
  bool disturbed = false;  ///< Something beside the model moved the figure; `flags` names it.
};

/// Iterations [first, last) of a run, as a run of their own.
/// @param first, last with first < last <= the number of iterations
[[nodiscard]] RunResult part_of(const RunResult& run, std::size_t first, std::size_t last);

/// Joins a run with what the meters read while it ran.
/// @param readings one list per meter, in the order of `infos`; without meters no energy is missed
[[nodiscard]] Window make_window(const RunResult& run, const std::vector<MeterInfo>& infos,
                                 const std::vector<std::vector<Reading>>& readings);

/// All windows of one configuration as one measurement. The energy is their geometric mean.
/// @param windows at least one, all `ok`
[[nodiscard]] Measurement summarise(const std::vector<Window>& windows);

}  // namespace autotune
