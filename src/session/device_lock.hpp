#pragma once
#include "autotune/device.hpp"
#include "platform/file_lock.hpp"

namespace autotune {

/// Keeps a second tune off the device: two would measure each other.
/// @throws Error (device) naming the process that holds it
[[nodiscard]] FileLock lock_device(const Device& device);

}  // namespace autotune
