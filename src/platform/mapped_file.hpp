#pragma once
#include <ioapi.h>

#include <cstddef>
#include <filesystem>
#include <span>

namespace autotune {

/// A file's bytes, read only as far as they are looked at.
class MappedFile {
 public:
  /// An empty view where the file cannot be mapped.
  explicit MappedFile(const std::filesystem::path& path) noexcept;
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

/// How minizip reads `bytes`, which must outlive the archive. Its own reading of a file asks the
/// system twice per entry, which is most of a look-up.
[[nodiscard]] zlib_filefunc64_def reading_from(std::span<const std::byte>& bytes) noexcept;

}  // namespace autotune
