#pragma once
#include <memory>

#include "autotune/torch/export.hpp"
#include "autotune/worker.hpp"
#include "autotune/workload.hpp"

namespace autotune {

/// The workload of a TorchScript file or a variant set, run in this process. It applies each arm's
/// threads and retained heap to the process when the arm is prepared; a retained heap stays until
/// the end.
/// @throws Error (device) if the device is not there; the files are read by `describe`
[[nodiscard]] AUTOTUNE_TORCH_API std::unique_ptr<Workload> make_torch_workload(
    const WorkloadOptions& options);

}  // namespace autotune
