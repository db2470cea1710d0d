#include "platform/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "platform/file_descriptor.hpp"

namespace autotune {
namespace {

/// minizip's stream: a position in the bytes.
struct Cursor {
  std::span<const std::byte> bytes;
  ZPOS64_T position = 0;
};

Cursor& cursor(voidpf stream) { return *static_cast<Cursor*>(stream); }

voidpf open(voidpf bytes, const void*, int mode) {
  if ((mode & ZLIB_FILEFUNC_MODE_WRITE) != 0) return nullptr;
  return new Cursor{*static_cast<std::span<const std::byte>*>(bytes)};
}

uLong read(voidpf, voidpf stream, void* into, uLong size) {
  Cursor& at = cursor(stream);
  const auto left = at.position < at.bytes.size() ? at.bytes.size() - at.position : 0;
  const uLong count = std::min<uLong>(size, left);
  if (count > 0) std::memcpy(into, at.bytes.data() + at.position, count);
  at.position += count;
  return count;
}

uLong write(voidpf, voidpf, const void*, uLong) { return 0; }

ZPOS64_T tell(voidpf, voidpf stream) { return cursor(stream).position; }

long seek(voidpf, voidpf stream, ZPOS64_T offset, int origin) {
  Cursor& at = cursor(stream);
  const ZPOS64_T base = origin == ZLIB_FILEFUNC_SEEK_END   ? at.bytes.size()
                        : origin == ZLIB_FILEFUNC_SEEK_CUR ? at.position
                                                           : 0;
  if (base + offset > at.bytes.size()) return -1;
  at.position = base + offset;
  return 0;
}

int close(voidpf, voidpf stream) {
  delete &cursor(stream);
  return 0;
}

int error(voidpf, voidpf) { return 0; }

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) noexcept {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status = {};
  if (!file || ::fstat(file.get(), &status) != 0 || status.st_size <= 0) return;
  const auto size = static_cast<std::size_t>(status.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address != MAP_FAILED) bytes_ = {static_cast<const std::byte*>(address), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

zlib_filefunc64_def reading_from(std::span<const std::byte>& bytes) noexcept {
  return {open, read, write, tell, seek, close, error, &bytes};
}

}  // namespace autotune
