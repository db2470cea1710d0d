#include "journal/record_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <fstream>
#include <iterator>

#include "autotune/error.hpp"
#include "platform/file_access.hpp"

namespace autotune {
namespace {

constexpr std::size_t checksum_digits = 8;

std::string checksum(std::string_view text) {
  const auto* const bytes = reinterpret_cast<const Bytef*>(text.data());
  return fmt::format("{:08x}", ::crc32_z(0, bytes, text.size()));
}

std::string read_whole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), {}};
  if (file.is_open() && !file.bad()) return content;
  throw Error(ErrorCode::io,
              fmt::format("cannot read {}: {}.", path.string(), refusal(path, errno)));
}

[[noreturn]] void fail(const std::filesystem::path& path, const char* action, int error) {
  throw Error(ErrorCode::io, fmt::format("failed to {} {}: {}. {}", action, path.string(),
                                         refusal(path, error), own_cache_remedy));
}

}  // namespace

Records read_records(const std::filesystem::path& path) {
  const std::string content = read_whole(path);
  Records records;
  while (records.bytes < content.size()) {
    const std::string_view rest = std::string_view(content).substr(records.bytes);
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return records;
    const std::string_view line = rest.substr(0, end);
    const bool long_enough = line.size() > checksum_digits && line[checksum_digits] == ' ';
    const std::string_view text = long_enough ? line.substr(checksum_digits + 1) : "";
    if (!long_enough || line.substr(0, checksum_digits) != checksum(text)) {
      records.damage = fmt::format("record {} at byte {} does not have its checksum",
                                   records.texts.size() + 1, records.bytes);
      return records;
    }
    records.texts.emplace_back(text);
    records.bytes += end + 1;
  }
  return records;
}

RecordFile RecordFile::create(const std::filesystem::path& path) {
  FileDescriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)};
  if (!file) fail(path, "create", errno);
  return {path, std::move(file), 0};
}

RecordFile RecordFile::reopen(const std::filesystem::path& path, std::uint64_t bytes) {
  FileDescriptor file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!file) fail(path, "open", errno);
  if (::ftruncate(file.get(), static_cast<off_t>(bytes)) != 0) fail(path, "shorten", errno);
  return {path, std::move(file), bytes};
}

void RecordFile::append(std::string_view text) {
  const std::string line = fmt::format("{} {}\n", checksum(text), text);
  for (std::size_t done = 0; done < line.size();) {
    const ssize_t written = ::pwrite(file_.get(), line.data() + done, line.size() - done,
                                     static_cast<off_t>(bytes_ + done));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      take_back();
      fail(path_, "write", error);
    }
    done += static_cast<std::size_t>(written);
  }
  if (::fdatasync(file_.get()) != 0) {
    const int error = errno;
    take_back();
    fail(path_, "flush", error);
  }
  bytes_ += line.size();
}

// Where even that fails the rest of a record is left, which a reader takes for a torn one.
void RecordFile::take_back() noexcept {
  static_cast<void>(::ftruncate(file_.get(), static_cast<off_t>(bytes_)));
}

}  // namespace autotune
