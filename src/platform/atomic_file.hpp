#pragma once
#include <filesystem>
#include <string_view>

#include "autotune/error.hpp"
#include "platform/file_descriptor.hpp"

namespace autotune {

/// A new version of a file that readers see whole or not at all.
///
/// It is written beside the old one, which stays as it is until `commit` has put every byte on
/// disk, whatever fails before that. Without `commit` nothing is left behind.
class AtomicFile {
 public:
  /// @param code of the errors thrown: the caller knows what the file is
  /// @throws Error if the folder cannot be written
  explicit AtomicFile(const std::filesystem::path& target, ErrorCode code = ErrorCode::io);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  /// @throws Error if the bytes cannot be written, e.g. on a full disk
  void write(std::string_view bytes);

  /// Flushes to disk, puts the new version in the old one's place and flushes the folder.
  /// @throws Error, which says whether the old file is still the one in place
  void commit();

 private:
  void flush_folder() const;
  [[noreturn]] void fail(std::string_view action, int error) const;

  std::filesystem::path target_;
  std::filesystem::path temporary_;
  FileDescriptor file_;
  ErrorCode code_;
};

/// Writes `text` as the whole file.
void write_atomically(const std::filesystem::path& target, std::string_view text,
                      ErrorCode code = ErrorCode::io);

}  // namespace autotune
