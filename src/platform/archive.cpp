#include "platform/archive.hpp"

#include <fmt/format.h>
#include <unzip.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "autotune/error.hpp"
#include "autotune/worker.hpp"
#include "platform/file_descriptor.hpp"
#include "platform/fnv1a.hpp"
#include "platform/mapped_file.hpp"

namespace autotune {
namespace {

constexpr std::size_t max_name_bytes = 65536;  // A zip entry's name length is a 16-bit number.

struct Entry {
  std::string name;
  std::uint64_t bytes = 0;
  std::uint32_t crc32 = 0;

  auto operator<=>(const Entry&) const = default;
};

struct CloseArchive {
  void operator()(void* archive) const { ::unzClose(archive); }
};
using Archive = std::unique_ptr<void, CloseArchive>;

[[noreturn]] void refuse(const std::filesystem::path& model, const std::string& problem) {
  const char* advice =
      model.extension() == ".pt2"
          ? ". Make the variant set again with: python -m autotune export MODEL --out DIR"
          : ": is it a TorchScript file made by torch.jit.save?";
  throw Error(ErrorCode::model, fmt::format("the model {} {}{}", model.string(), problem, advice));
}

void check_readable_file(const std::filesystem::path& model) {
  std::error_code failure;
  const auto status = std::filesystem::status(model, failure);
  if (!std::filesystem::exists(status)) {
    throw Error(ErrorCode::model,
                fmt::format("there is no model {}: {}. Check the path.", model.string(),
                            errno_text(failure ? failure.value() : ENOENT)));
  }
  if (!std::filesystem::is_regular_file(status)) refuse(model, "is not a regular file");
  if (std::filesystem::file_size(model, failure) == 0) refuse(model, "is empty (0 bytes)");
  if (!std::ifstream(model)) {
    throw Error(ErrorCode::model, fmt::format("cannot read the model {}: {}. Check who may.",
                                              model.string(), errno_text(errno)));
  }
}

/// Whether the file ends where its last record does; minizip takes one that lacks a few bytes.
bool ends_properly(const Archive& archive, std::span<const std::byte> bytes) {
  constexpr std::size_t end_record_bytes = 22;  // APPNOTE.TXT 4.3.16, without its comment.
  constexpr std::string_view signature = "PK\5\6";
  unz_global_info64 info{};
  if (::unzGetGlobalInfo64(archive.get(), &info) != UNZ_OK) return false;
  const std::size_t tail = end_record_bytes + info.size_comment;
  return bytes.size() >= tail &&
         std::memcmp(bytes.data() + bytes.size() - tail, signature.data(), signature.size()) == 0;
}

/// @param bytes of the file; they must outlive the archive
Archive open_archive(const std::filesystem::path& model, std::span<const std::byte>& bytes) {
  zlib_filefunc64_def functions = reading_from(bytes);
  Archive archive{::unzOpen2_64(model.c_str(), &functions)};
  if (!archive || !ends_properly(archive, bytes)) {
    refuse(model,
           fmt::format("is no zip archive or was cut off ({} bytes, no directory at its end)",
                       bytes.size()));
  }
  return archive;
}

/// @param name_buffer reused between entries: clearing it for each took most of a look-up
Entry current_entry(const Archive& archive, const std::filesystem::path& model,
                    std::vector<char>& name_buffer) {
  unz_file_info64 info{};
  if (::unzGetCurrentFileInfo64(archive.get(), &info, name_buffer.data(), name_buffer.size(),
                                nullptr, 0, nullptr, 0) != UNZ_OK) {
    refuse(model, "has a damaged directory");
  }
  const std::size_t length = std::min<std::size_t>(info.size_filename, name_buffer.size());
  return {std::string(name_buffer.data(), length), info.uncompressed_size,
          static_cast<std::uint32_t>(info.crc)};
}

std::vector<Entry> directory(const std::filesystem::path& model) {
  check_readable_file(model);
  const MappedFile file(model);
  std::span<const std::byte> bytes = file.bytes();
  const Archive archive = open_archive(model, bytes);
  std::vector<Entry> entries;
  std::vector<char> name_buffer(max_name_bytes);
  int position = ::unzGoToFirstFile(archive.get());
  while (position == UNZ_OK) {
    entries.push_back(current_entry(archive, model, name_buffer));
    position = ::unzGoToNextFile(archive.get());
  }
  if (position != UNZ_END_OF_LIST_OF_FILE) refuse(model, "has a damaged directory");
  if (entries.empty()) refuse(model, "is an archive without entries");
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// A variant set's manifest names the fingerprint of every package.
std::string manifest_of(const std::filesystem::path& folder) {
  std::ifstream manifest(folder / "manifest.json", std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(manifest), {}};
  if (text.empty()) {
    throw Error(ErrorCode::model,
                fmt::format("the folder {} is no variant set: it has no manifest.json. Make one "
                            "with: python -m autotune export MODEL --out DIR",
                            folder.string()));
  }
  return text;
}

/// Whether the current entry's content is what its CRC-32 is of.
bool is_whole(const Archive& archive, std::vector<char>& buffer) {
  if (::unzOpenCurrentFile(archive.get()) != UNZ_OK) return false;
  int bytes = 0;
  do {
    bytes =
        ::unzReadCurrentFile(archive.get(), buffer.data(), static_cast<unsigned>(buffer.size()));
  } while (bytes > 0);
  return ::unzCloseCurrentFile(archive.get()) == UNZ_OK && bytes == 0;
}

}  // namespace

std::string damaged_entry(const std::filesystem::path& path) {
  check_readable_file(path);
  const MappedFile file(path);
  std::span<const std::byte> bytes = file.bytes();
  const Archive archive = open_archive(path, bytes);
  std::vector<char> name_buffer(max_name_bytes);
  std::vector<char> buffer(1 << 20);
  int position = ::unzGoToFirstFile(archive.get());
  for (; position == UNZ_OK; position = ::unzGoToNextFile(archive.get())) {
    if (!is_whole(archive, buffer)) return current_entry(archive, path, name_buffer).name;
  }
  if (position != UNZ_END_OF_LIST_OF_FILE) refuse(path, "has a damaged directory");
  return "";
}

std::string default_name(const std::filesystem::path& model) {
  std::error_code ignored;
  auto path = std::filesystem::absolute(model, ignored).lexically_normal();  // `.` has no name.
  if (!path.has_filename()) path = path.parent_path();                       // Nor has `set/`.
  const bool folder = std::filesystem::is_directory(path, ignored);
  return (folder ? path.filename() : path.stem()).string();
}

std::string model_fingerprint(const std::filesystem::path& model) {
  Fnv1a hash;
  if (std::filesystem::is_directory(model)) {
    hash.add(manifest_of(model));
    return fmt::format("set:{:016x}", hash.value());
  }
  for (const Entry& entry : directory(model)) {
    hash.add(entry.name.size());
    hash.add(entry.name);
    hash.add(entry.bytes);
    hash.add(entry.crc32);
  }
  return fmt::format("zip:{:016x}", hash.value());
}

}  // namespace autotune
