#pragma once
#include "autotune/config.hpp"

namespace autotune {

/// Threads and heap of this process as `execution` says; no thread count means the one the process
/// started with. Comes before a model is loaded, so that the heap is the same from the start. What
/// has retained its heap stays so.
void apply_to_process(const Execution& execution);

}  // namespace autotune
