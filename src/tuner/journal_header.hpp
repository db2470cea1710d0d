#pragma once
#include "autotune/tuner.hpp"
#include "vocabulary/json.hpp"

namespace autotune {

/// What a resumed tune must share with the one that began: workload, device, space, meter and
/// options, under the names that people know them by.
[[nodiscard]] Json journal_header(const Description& description, const TuneOptions& options,
                                  Effort effort, const MeterInfo& meter);

}  // namespace autotune
