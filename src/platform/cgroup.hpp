#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>

namespace autotune {

/// CPUs this process gets by its control groups' quotas (version 1 or 2), the tightest of the group
/// and its ancestors; nothing without a quota. `root` stands in for `/` in tests.
[[nodiscard]] std::optional<double> cgroup_cpu_quota(const std::filesystem::path& root = "/");

/// Bytes this process may use by its control groups; nothing without a limit.
[[nodiscard]] std::optional<std::uint64_t> cgroup_memory_limit(
    const std::filesystem::path& root = "/");

/// CPUs in this thread's affinity mask.
[[nodiscard]] int affinity_cores();

/// `affinity` cut to the quota. A part of a CPU does not count, for a thread on it would be stopped
/// in every period and keep the others waiting; at least 1.
[[nodiscard]] int usable_cores(int affinity, std::optional<double> quota) noexcept;

/// The cores this process may keep busy.
[[nodiscard]] int usable_cores(const std::filesystem::path& root = "/");

}  // namespace autotune
