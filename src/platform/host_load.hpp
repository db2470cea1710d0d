#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace autotune {

/// What kept work on this machine from running; only differences of two readings mean something.
/// What the kernel does not tell is absent.
struct HostLoad {
  /// Some runnable task had to wait for a CPU (pressure stall information).
  std::optional<std::chrono::nanoseconds> stalled;
  /// The hypervisor ran something else, summed over the CPUs.
  std::optional<std::chrono::nanoseconds> stolen;
};

/// @param root where /proc is mounted, for tests
[[nodiscard]] HostLoad host_load(const std::filesystem::path& root = "/");

/// How long the living threads of this process have waited for a CPU while they could have run,
/// summed; nothing if the kernel keeps no such statistics.
[[nodiscard]] std::optional<std::chrono::nanoseconds> run_queue_wait(
    const std::filesystem::path& root = "/");

/// Pages that the kernel has provided to this process so far, those read from a disk apart.
[[nodiscard]] std::uint64_t minor_page_faults();

}  // namespace autotune
