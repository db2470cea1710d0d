#pragma once
#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>

// What a device can tell and do, the same calls for a CPU and a GPU. Nothing here needs headers of
// the CUDA toolkit.
namespace autotune {

/// `cpu` or `cuda:N`.
/// @throws Error (device) if LibTorch does not see it
[[nodiscard]] c10::Device open_device(const std::string& name);

/// Waits until everything given to the device is done; nothing on a CPU.
void synchronize(c10::Device device);

/// Marks how far the device has been given work: calling what a mark gives waits until that is
/// done. Nothing to wait for on a CPU.
[[nodiscard]] std::function<std::function<void()>()> completion_marks(c10::Device device);

/// Gives back what the allocator keeps, and lets the peak start from what is in use now.
void freshen_memory(c10::Device device);

/// Gives back what the allocator keeps.
void release_memory(c10::Device device);

/// The most in use since `freshen_memory`: allocated tensors on a GPU; on a CPU resident memory of
/// the process, or since its start where the kernel does not let the mark be reset.
[[nodiscard]] std::uint64_t peak_memory_bytes(c10::Device device);

/// What the process holds: reserved by the allocator on a GPU, resident on a CPU.
[[nodiscard]] std::uint64_t held_memory_bytes(c10::Device device);

/// What is in use: allocated tensors on a GPU, resident memory on a CPU.
[[nodiscard]] std::uint64_t used_memory_bytes(c10::Device device);

/// What others than LibTorch's allocator hold of a GPU's memory, all processes together; 0 on a
/// CPU.
[[nodiscard]] std::uint64_t memory_past_allocator_bytes(c10::Device device);

/// Ten times the major and the minor compute capability: 90 on Hopper; 0 on a CPU or if unknown.
[[nodiscard]] int compute_capability(c10::Device device);

/// `0000:19:00.0`; empty on a CPU or if unknown.
[[nodiscard]] std::string pci_address(c10::Device device);

/// Versions and settings that a figure depends on.
[[nodiscard]] std::map<std::string, std::string> runtime_conditions(c10::Device device);

}  // namespace autotune
