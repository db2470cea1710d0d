#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "platform/file_descriptor.hpp"

namespace autotune {

/// The records of a file, as far as they are whole.
struct Records {
  std::vector<std::string> texts;
  std::uint64_t bytes = 0;  ///< Of the whole records; what follows is torn or damaged.
  std::string damage;       ///< What is wrong after them; empty if nothing is, or a record is torn.
};

/// Reads until the end or the first record that is not whole. A last one without its end was being
/// written when the writer died; any other is damage.
/// @throws Error (io) if the file cannot be read
[[nodiscard]] Records read_records(const std::filesystem::path& path);

/// A file of records that only grows. Each is a line of text with its CRC-32 before it, and is on
/// disk when `append` returns.
class RecordFile {
 public:
  /// @throws Error (io) if it exists or cannot be made
  [[nodiscard]] static RecordFile create(const std::filesystem::path& path);

  /// Goes on after the first `bytes` of a file; the rest is cut off.
  /// @throws Error (io) if it cannot be written
  [[nodiscard]] static RecordFile reopen(const std::filesystem::path& path, std::uint64_t bytes);

  /// @param text without a line break
  /// @throws Error (io) if it cannot be put on disk; the records before it stay whole
  void append(std::string_view text);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  RecordFile(std::filesystem::path path, FileDescriptor file, std::uint64_t bytes)
      : path_(std::move(path)), file_(std::move(file)), bytes_(bytes) {}
  void take_back() noexcept;

  std::filesystem::path path_;
  FileDescriptor file_;
  std::uint64_t bytes_ = 0;
};

}  // namespace autotune
