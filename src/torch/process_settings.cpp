#include "torch/process_settings.hpp"

#include <ATen/Parallel.h>

#include "platform/heap.hpp"

namespace autotune {

void apply_to_process(const Execution& execution) {
  static const int threads_at_start = at::get_num_threads();
  if (execution.retained_heap) {
    retain_heap();
  }
  at::set_num_threads(execution.threads.value_or(threads_at_start));
}

}  // namespace autotune
