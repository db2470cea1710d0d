#include "platform/file_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <thread>

#include "platform/file_access.hpp"

namespace autotune {
namespace {

using namespace std::chrono_literals;

/// flock has no timeout of its own; a wait of this long is not noticed by people.
constexpr auto retry_period = 10ms;

FileDescriptor open_lock_file(const std::filesystem::path& path, ErrorCode code) {
  FileDescriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)};
  if (file) return file;
  throw Error(code,
              fmt::format("cannot open the lock file {}: {}", path.string(), refusal(path, errno)));
}

bool try_lock(const FileDescriptor& file, const std::filesystem::path& path, ErrorCode code) {
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno == EINTR) continue;
    throw Error(code, fmt::format("cannot lock {}: {}. Does its file system know locks?",
                                  path.string(), errno_text(errno)));
  }
  return true;
}

/// Only a courtesy to who waits: the lock holds without it.
void note_holder(const FileDescriptor& file) {
  const std::string text = fmt::format("{}\n", ::getpid());
  const bool noted =
      ::ftruncate(file.get(), 0) == 0 && ::pwrite(file.get(), text.data(), text.size(), 0) > 0;
  static_cast<void>(noted);
}

}  // namespace

std::optional<FileLock> FileLock::acquire(const std::filesystem::path& path,
                                          std::chrono::milliseconds patience, ErrorCode code) {
  FileDescriptor file = open_lock_file(path, code);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!try_lock(file, path, code)) {
    if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(retry_period);
  }
  note_holder(file);
  return FileLock{std::move(file)};
}

std::optional<int> lock_holder(const std::filesystem::path& path) {
  int pid = 0;
  std::ifstream file(path);
  if (file >> pid && pid > 0) return pid;
  return std::nullopt;
}

}  // namespace autotune
