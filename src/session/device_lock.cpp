#include "session/device_lock.hpp"

#include <fmt/format.h>

#include "autotune/error.hpp"
#include "autotune/profile.hpp"

namespace autotune {

FileLock lock_device(const Device& device) {
  const auto folder = cache_folder() / "state";
  std::error_code ignored;  // A folder that cannot be made shows when the lock is opened.
  std::filesystem::create_directories(folder, ignored);
  std::string name = device.pci_address.empty() ? device.id : device.pci_address;
  for (char& character : name) {
    if (character == ':' || character == '/') character = '_';
  }
  const auto path = folder / (name + ".lock");
  if (auto lock = FileLock::acquire(path, std::chrono::milliseconds(500))) return std::move(*lock);
  const auto holder = lock_holder(path);
  throw Error(
      ErrorCode::device,
      fmt::format("{} is being measured by another autotune{}. Two at once would measure each "
                  "other: wait for it to end.",
                  device.id, holder ? fmt::format(" (process {})", *holder) : ""));
}

}  // namespace autotune
