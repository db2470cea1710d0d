#pragma once
#include <filesystem>
#include <string>

namespace autotune {

/// Reads all of a zip archive: the first entry whose content is not the one that its directory's
/// CRC-32 is of; empty if there is none. A fingerprint, taken of the directory alone, does not see
/// that.
/// @throws Error (model) if the file is missing, empty, or no zip archive
[[nodiscard]] std::string damaged_entry(const std::filesystem::path& archive);

}  // namespace autotune
