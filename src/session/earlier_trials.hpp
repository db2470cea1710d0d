#pragma once
#include <string>
#include <vector>

#include "autotune/profile.hpp"

namespace autotune {

/// The trials of the newest profile of that workload (name apart: fingerprint, inputs and unit)
/// from hardware other than `device`; empty if there is none. What this hardware said before is
/// left out: a tune that is run again shall not inherit the answer it is to check.
[[nodiscard]] std::vector<Trial> earlier_trials(const ProfileStore& store,
                                                const WorkloadId& workload,
                                                const HardwareKey& device,
                                                std::vector<std::string>& warnings);

}  // namespace autotune
