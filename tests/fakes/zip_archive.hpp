#pragma once
#include <zip.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace autotune::testing {

/// Names and contents of an archive's entries.
using Entries = std::vector<std::pair<std::string, std::string>>;

/// Writes a zip archive without compression.
inline std::filesystem::path write_archive(const std::filesystem::path& path,
                                           const Entries& entries) {
  const zipFile file = ::zipOpen64(path.c_str(), APPEND_STATUS_CREATE);
  for (const auto& [entry, text] : entries) {
    ::zipOpenNewFileInZip64(file, entry.c_str(), nullptr, nullptr, 0, nullptr, 0, nullptr, 0, 0, 0);
    ::zipWriteInFileInZip(file, text.data(), static_cast<unsigned>(text.size()));
    ::zipCloseFileInZip(file);
  }
  ::zipClose(file, nullptr);
  return path;
}

}  // namespace autotune::testing
