#pragma once
#include <chrono>
#include <filesystem>
#include <optional>

#include "autotune/error.hpp"
#include "platform/file_descriptor.hpp"

namespace autotune {

/// An advisory lock between processes (flock), given back when it goes out of scope or the process
/// ends. The file stays: removing it would let two processes hold two locks of one name.
class FileLock {
 public:
  /// Nothing if another holder keeps it for all of `patience`.
  /// @throws Error (`code`) if the lock file cannot be opened
  [[nodiscard]] static std::optional<FileLock> acquire(const std::filesystem::path& path,
                                                       std::chrono::milliseconds patience,
                                                       ErrorCode code = ErrorCode::io);

 private:
  explicit FileLock(FileDescriptor file) noexcept : file_(std::move(file)) {}

  FileDescriptor file_;
};

/// The process that last took the lock, for a message to who waits; nothing if the file does not
/// say.
[[nodiscard]] std::optional<int> lock_holder(const std::filesystem::path& path);

}  // namespace autotune
