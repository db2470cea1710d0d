#include "session/device_lock.hpp"

#include <fmt/format.h>

#include "autotune/error.hpp"
#include "autotune/profile.hpp"
#include "platform/file_access.hpp"

namespace autotune {
namespace {

/// Nothing where another process holds it.
std::optional<FileLock> lock_in(const std::filesystem::path& folder,
                                const std::filesystem::path& path) {
  try {
    make_folders(folder, ErrorCode::io);
    return FileLock::acquire(path, std::chrono::milliseconds(500));
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}.\n{}", error.what(), own_cache_remedy));
  }
}

}  // namespace

FileLock lock_device(const Device& device) {
  const auto folder = cache_folder() / "state";
  std::string name = device.pci_address.empty() ? device.id : device.pci_address;
  for (char& character : name) {
    if (character == ':' || character == '/') character = '_';
  }
  const auto path = folder / (name + ".lock");
  if (auto lock = lock_in(folder, path)) return std::move(*lock);
  const auto holder = lock_holder(path);
  throw Error(
      ErrorCode::device,
      fmt::format("{} is being measured by another autotune{}. Two at once would measure each "
                  "other: wait for it to end.",
                  device.id, holder ? fmt::format(" (process {})", *holder) : ""));
}

}  // namespace autotune
