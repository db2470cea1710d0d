#pragma once
#include <string>
#include <vector>

#include "autotune/worker.hpp"

namespace autotune {

/// One thing that docs/worker_protocol.md asks of a worker.
struct ConformanceCheck {
  std::string what;  ///< E.g. `times are those of CLOCK_MONOTONIC`.
  bool passed = false;
  std::string finding;  ///< What was seen instead, with its numbers; empty if it passed.
};

/// Puts a worker through every message of the protocol. What it gets wrong is a finding, as is what
/// could not be looked at for that reason.
/// @param options its `command`, or our own worker; `workload.device` must be set
/// @throws Error (worker) if the program cannot be started at all
[[nodiscard]] std::vector<ConformanceCheck> check_conformance(const WorkerOptions& options);

}  // namespace autotune
