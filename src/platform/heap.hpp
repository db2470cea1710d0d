#pragma once

namespace autotune {

/// From now on this process's heap keeps what it once had, instead of giving large blocks back to
/// the kernel and faulting them in again at each iteration (docs/measuring.md#heap).
void retain_heap() noexcept;

}  // namespace autotune
