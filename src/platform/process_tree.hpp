#pragma once
#include <filesystem>

namespace autotune {

/// Whether a process is `ancestor` or comes from it, whichever of its threads started it; false
/// once it has ended.
/// @param root where /proc is mounted, for tests
[[nodiscard]] bool comes_from(int pid, int ancestor, const std::filesystem::path& root = "/");

}  // namespace autotune
