#pragma once
#include <c10/core/Device.h>

#include <memory>

// TorchScript's fuser, which compiles kernels on a graph's second call.
namespace autotune {

/// Kernels are made for any shape from the start. By default the first two shapes get kernels of
/// their own, so that a batch's figure would depend on which batches ran before it.
void fuse_for_any_shape();

/// Whether the fuser compiles kernels for the device.
[[nodiscard]] bool fuses(c10::Device device);

/// Graphs run as they are written, on this thread, for as long as it lives.
[[nodiscard]] std::shared_ptr<void> without_fuser();

}  // namespace autotune
