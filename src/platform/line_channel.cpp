#include "platform/line_channel.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace autotune {
namespace {

constexpr std::size_t kept_log_bytes = 4096;
constexpr std::size_t chunk_bytes = 65536;  // A pipe's capacity on Linux.

/// Writing to a pipe whose reader died raises SIGPIPE, which would end a program that only uses
/// this library. It is held back in this thread and taken away again.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    ::sigemptyset(&sigpipe_);
    ::sigaddset(&sigpipe_, SIGPIPE);
    was_pending_ = pending();
    ::pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;
  ~WithoutSigpipe() {
    const timespec at_once{};
    if (!was_pending_ && pending()) ::sigtimedwait(&sigpipe_, nullptr, &at_once);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  static bool pending() {
    sigset_t signals;
    ::sigpending(&signals);
    return ::sigismember(&signals, SIGPIPE) == 1;
  }

  sigset_t sigpipe_;
  sigset_t before_;
  bool was_pending_ = false;
};

void never_block(const FileDescriptor& file) {
  ::fcntl(file.get(), F_SETFL, ::fcntl(file.get(), F_GETFL) | O_NONBLOCK);
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

timespec time_left(Timestamp deadline) {
  const auto left = std::max(deadline - SteadyClock().now(), Timestamp::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  return {static_cast<time_t>(seconds.count()), static_cast<long>((left - seconds).count())};
}

}  // namespace

LineChannel::LineChannel(Ends ends) : ends_(std::move(ends)) {}

ChannelStatus LineChannel::send(std::string_view line, std::optional<Timestamp> deadline) {
  if (line.size() > max_message_bytes) return ChannelStatus::too_long;
  // Not before it has to be: the setting would outlive us on a terminal, which others share.
  if (deadline) never_block(ends_.output);
  const WithoutSigpipe guard;
  const std::string message = std::string(line) + '\n';
  for (std::string_view rest = message; !rest.empty();) {
    const ssize_t written = ::write(ends_.output.get(), rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (!would_block(errno)) {
      return ChannelStatus::closed;
    } else if (!wait_for(ends_.output.get(), POLLOUT, deadline)) {
      return ChannelStatus::timed_out;
    }
  }
  return ChannelStatus::ok;
}

Received LineChannel::receive(std::optional<Timestamp> deadline) {
  std::array<char, chunk_bytes> chunk;
  for (;;) {
    if (auto line = complete_line()) return std::move(*line);
    if (!wait_for(ends_.input.get(), POLLIN, deadline)) return {ChannelStatus::timed_out, ""};
    const ssize_t count = ::read(ends_.input.get(), chunk.data(), chunk.size());
    if (count > 0) {
      buffer_.append(chunk.data(), static_cast<std::size_t>(count));
    } else if (count == 0 || !would_block(errno)) {
      const auto status = buffer_.empty() ? ChannelStatus::closed : ChannelStatus::half_message;
      return {status, std::exchange(buffer_, "")};
    }
  }
}

std::optional<Received> LineChannel::complete_line() {
  const std::size_t end = buffer_.find('\n', searched_);
  searched_ = buffer_.size();
  if (std::min(end, buffer_.size()) > max_message_bytes) {
    return Received{ChannelStatus::too_long, buffer_.substr(0, kept_log_bytes)};
  }
  if (end == std::string::npos) return std::nullopt;
  Received received{ChannelStatus::ok, buffer_.substr(0, end)};
  buffer_.erase(0, end + 1);
  searched_ = 0;
  return received;
}

/// True once `descriptor` is ready; the log is read meanwhile.
bool LineChannel::wait_for(int descriptor, short event, std::optional<Timestamp> deadline) {
  for (;;) {
    std::array<pollfd, 2> watched{{{descriptor, event, 0}, {ends_.log.get(), POLLIN, 0}}};
    const timespec left = deadline ? time_left(*deadline) : timespec{};
    const int ready = ::ppoll(watched.data(), watched.size(), deadline ? &left : nullptr, nullptr);
    if (ready == 0) return false;
    if (ready < 0) continue;  // Interrupted: the signal's owner decides, we wait on.
    if (watched[1].revents != 0 && !read_log()) ends_.log.reset();
    if (watched[0].revents != 0) return true;
    if (deadline && SteadyClock().now() >= *deadline) return false;
  }
}

/// One chunk of the log; false at its end.
bool LineChannel::read_log() {
  std::array<char, chunk_bytes> chunk;
  const ssize_t count = ::read(ends_.log.get(), chunk.data(), chunk.size());
  if (count <= 0) return count < 0 && would_block(errno);
  log_.append(chunk.data(), static_cast<std::size_t>(count));
  if (log_.size() > kept_log_bytes) log_.erase(0, log_.size() - kept_log_bytes);
  return true;
}

bool LineChannel::quiet() const {
  pollfd input{ends_.input.get(), POLLIN, 0};
  return buffer_.empty() && ::poll(&input, 1, 0) == 0;
}

std::string LineChannel::log_tail() {
  // Bounded, for a process that is still writing faster than we read.
  for (int chunks = 0; ends_.log && chunks < 64; ++chunks) {
    pollfd log{ends_.log.get(), POLLIN, 0};
    if (::poll(&log, 1, 0) <= 0) break;
    if (!read_log()) ends_.log.reset();
  }
  return log_;
}

}  // namespace autotune
