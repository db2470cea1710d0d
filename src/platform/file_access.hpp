#pragma once
#include <filesystem>
#include <string>

#include "autotune/error.hpp"

namespace autotune {

/// The system's words for `error`, and where the path or the folder that would hold it is in the
/// way: what stands there, whose it is, its mode and who we are.
[[nodiscard]] std::string refusal(const std::filesystem::path& path, int error);

/// Whether the path, or a folder that it would be in, is a file instead.
[[nodiscard]] bool is_below_a_file(const std::filesystem::path& path);

/// Whether this process may list the folder and open what is in it.
[[nodiscard]] bool may_list(const std::filesystem::path& folder);

/// Makes the folder and those above it.
/// @throws Error (`code`) saying who refuses
void make_folders(const std::filesystem::path& folder, ErrorCode code);

/// What helps whoever may not write where everybody's files are.
inline constexpr const char* own_cache_remedy =
    "A folder of your own helps: export AUTOTUNE_CACHE_DIR=FOLDER";

}  // namespace autotune
