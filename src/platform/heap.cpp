#include "platform/heap.hpp"

#include <malloc.h>

#include <climits>

namespace autotune {

void retain_heap() noexcept {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_MAX, 0);
  ::mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

}  // namespace autotune
