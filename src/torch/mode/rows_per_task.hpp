#pragma once
#include <algorithm>
#include <cstdint>

namespace autotune {

/// Rows that are worth handing to another thread.
inline std::int64_t rows_per_task(std::int64_t columns) {
  constexpr std::int64_t grain_elements = 32 * 1024;
  return std::max<std::int64_t>(1, grain_elements / std::max<std::int64_t>(1, columns));
}

}  // namespace autotune
