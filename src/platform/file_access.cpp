#include "platform/file_access.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "platform/file_descriptor.hpp"

namespace autotune {
namespace {

namespace fs = std::filesystem;

/// `alice (uid 1000)`; a container often has uids without a name.
std::string user(uid_t uid) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  return found != nullptr ? fmt::format("{} (uid {})", found->pw_name, uid)
                          : fmt::format("uid {}", uid);
}

/// The path itself, else the nearest folder above it that can be seen.
fs::path nearest_seen(fs::path path) {
  struct stat found {};
  while (::stat(path.c_str(), &found) != 0) {
    const fs::path above = path.parent_path();
    if (above == path || above.empty()) return path.is_absolute() ? path : fs::path(".");
    path = above;
  }
  return path;
}

bool may_use(const fs::path& path, bool is_folder) {
  const int wanted = is_folder ? R_OK | W_OK | X_OK : R_OK | W_OK;
  return ::faccessat(AT_FDCWD, path.c_str(), wanted, AT_EACCESS) == 0;
}

}  // namespace

std::string refusal(const fs::path& path, int error) {
  const std::string text = errno_text(error);
  const fs::path seen = nearest_seen(path);
  struct stat found {};
  if (::stat(seen.c_str(), &found) != 0) return text;
  const bool is_folder = S_ISDIR(found.st_mode);
  if (!is_folder && seen != path) return seen.string() + " is a file, not a folder";
  if (may_use(seen, is_folder)) return text;
  return fmt::format("{}: {} belongs to {}, mode {:04o}, and you are {}", text, seen.string(),
                     user(found.st_uid), found.st_mode & 07777U, user(::geteuid()));
}

bool is_below_a_file(const fs::path& path) {
  const fs::path seen = nearest_seen(path);
  struct stat found {};
  return ::stat(seen.c_str(), &found) == 0 && !S_ISDIR(found.st_mode);
}

bool may_list(const fs::path& folder) {
  return ::faccessat(AT_FDCWD, folder.c_str(), R_OK | X_OK, AT_EACCESS) == 0;
}

void make_folders(const fs::path& folder, ErrorCode code) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (!failure) return;
  throw Error(code, fmt::format("cannot make the folder {}: {}", folder.string(),
                                refusal(folder, failure.value())));
}

}  // namespace autotune
