#include "platform/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

#include "platform/file_access.hpp"

namespace autotune {
namespace {

/// Where a write to `target` has to land: behind a symbolic link, not in its place.
std::filesystem::path resolve(const std::filesystem::path& target) {
  std::error_code failure;
  const auto real = std::filesystem::canonical(target, failure);
  return failure ? target : real;
}

std::filesystem::path temporary_beside(const std::filesystem::path& target) {
  static std::atomic<int> serial = 0;
  return target.parent_path() /
         fmt::format(".{}.{}-{}.tmp", target.filename().string(), ::getpid(), serial++);
}

std::filesystem::path folder_of(const std::filesystem::path& target) {
  return target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
}

}  // namespace

AtomicFile::AtomicFile(const std::filesystem::path& target, ErrorCode code)
    : target_(resolve(target)), temporary_(temporary_beside(target_)), code_(code) {
  // 0666 lets the user's umask decide, as for any file; mkstemp would make it private.
  file_.reset(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file_) fail("create a file in its folder", errno);
  // A file that its owner has made private stays private.
  struct stat old {};
  if (::stat(target_.c_str(), &old) == 0) ::fchmod(file_.get(), old.st_mode & 0777);
}

AtomicFile::~AtomicFile() {
  if (file_) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write the new version", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void AtomicFile::commit() {
  if (::fsync(file_.get()) != 0) fail("flush the new version to disk", errno);
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail("replace the file", errno);
  file_.reset();
  const FileDescriptor folder{
      ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  flush_folder();
}

/// Without this a power cut may bring the old version back.
void AtomicFile::flush_folder() const {
  const FileDescriptor folder{
      ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  // Some network file systems cannot flush a folder (EINVAL), and a folder may be writable and not
  // readable (EACCES): there the rename is as durable as it gets.
  if (folder ? ::fsync(folder.get()) == 0 : errno == EACCES) return;
  if (errno == EINVAL) return;
  throw Error(code_, fmt::format("{} was written, but its folder could not be flushed to disk: {}. "
                                 "It may be lost in a power cut; check the disk.",
                                 target_.string(), errno_text(errno)));
}

void AtomicFile::fail(std::string_view action, int error) const {
  throw Error(code_, fmt::format("cannot write {}: failed to {}: {}. What was there before is "
                                 "unchanged; free some space or choose another folder.",
                                 target_.string(), action, refusal(target_.parent_path(), error)));
}

void write_atomically(const std::filesystem::path& target, std::string_view text, ErrorCode code) {
  AtomicFile file{target, code};
  file.write(text);
  file.commit();
}

}  // namespace autotune
