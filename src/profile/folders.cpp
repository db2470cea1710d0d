#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include "autotune/error.hpp"
#include "autotune/profile.hpp"

namespace autotune {
namespace {

namespace fs = std::filesystem;

/// An empty variable counts as one that is not set.
std::string_view environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<fs::path> split_at_colons(std::string_view text) {
  std::vector<fs::path> folders;
  while (!text.empty()) {
    const auto colon = text.find(':');
    if (colon != 0) folders.emplace_back(text.substr(0, colon));
    text = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  }
  return folders;
}

std::optional<fs::path> named_cache_folder() {
  if (const fs::path own = environment("AUTOTUNE_CACHE_DIR"); !own.empty()) {
    return fs::absolute(own);
  }
  // The XDG base directory specification has relative paths ignored.
  if (const fs::path xdg = environment("XDG_CACHE_HOME"); xdg.is_absolute()) {
    return xdg / "autotune";
  }
  if (const fs::path home = environment("HOME"); home.is_absolute()) {
    return home / ".cache" / "autotune";
  }
  return std::nullopt;
}

}  // namespace

fs::path cache_folder() {
  if (auto folder = named_cache_folder()) return std::move(*folder);
  throw Error(ErrorCode::profile,
              "No folder for profiles: neither XDG_CACHE_HOME nor HOME is an absolute path.\n"
              "Set AUTOTUNE_CACHE_DIR to a folder that can be written.");
}

// A service without a home still finds what `AUTOTUNE_PROFILE_PATH` names.
ProfileStore ProfileStore::from_environment() {
  std::vector<fs::path> read_only = split_at_colons(environment("AUTOTUNE_PROFILE_PATH"));
  if (!read_only.empty() && !named_cache_folder()) return {{}, std::move(read_only)};
  return {cache_folder() / "profiles", std::move(read_only)};
}

}  // namespace autotune
