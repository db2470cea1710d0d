#pragma once
#include <cstddef>
#include <optional>

#include "autotune/workload.hpp"

/// Runs of so many iterations that a message could not hold them all.
namespace autotune::wire {

/// A completion, a begin and units take 20, 20 and 25 bytes of JSON at most: 13 of a message's 16
/// MiB.
inline constexpr int most_completions = 200'000;

/// Every n-th iteration, so that at most `most` are left: when it began and was done, and the units
/// of all since the one before. Energy, units and seconds stay what they were, and latencies are a
/// sample. The last iteration is always among them. A run that is short enough stays as it is.
[[nodiscard]] RunResult thinned(const RunResult& run, int most);

/// All iterations of a run that was thinned: those between are spread evenly and take as long as
/// the one that is known.
/// @param iterations before it was thinned, at least as many as are left
[[nodiscard]] RunResult filled(const RunResult& run, std::size_t iterations);

/// What of a run a worker is asked for that sends every iteration.
[[nodiscard]] RunRequest bounded(const RunRequest& request);

/// What is left of `request` after the run of its bounded part; nothing once it is done.
[[nodiscard]] std::optional<RunRequest> rest_of(const RunRequest& request, const RunResult& part);

/// Adds the iterations of `next`, which ran right after `run`; the pause between is in no
/// iteration's latency.
void append(RunResult& run, const RunResult& next);

}  // namespace autotune::wire
