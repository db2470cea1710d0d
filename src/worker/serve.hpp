#pragma once
#include <functional>
#include <memory>

#include "autotune/worker.hpp"

namespace autotune {

/// Makes the workload that a worker process runs.
using MakeWorkload = std::function<std::unique_ptr<Workload>(const WorkloadOptions&)>;

/// A worker's whole life: answers the tuner's requests until it closes our stdin.
///
/// From the first line on, stdout goes to stderr, so that a model that prints cannot spoil the
/// messages. The process ends with its parent, whatever it is doing then.
/// @return the exit status: 0, or 1 if the tuner did not keep to the protocol
[[nodiscard]] int serve(const MakeWorkload& make);

}  // namespace autotune
