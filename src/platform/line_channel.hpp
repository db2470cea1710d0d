#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "autotune/clock.hpp"
#include "platform/file_descriptor.hpp"

namespace autotune {

/// Longest message, without its newline.
inline constexpr std::size_t max_message_bytes = 16 * 1024 * 1024;

/// How sending or receiving a message ended.
enum class ChannelStatus {
  ok,
  timed_out,
  closed,        ///< The other side is gone.
  half_message,  ///< The other side went away in the middle of a message.
  too_long,      ///< The message is longer than `max_message_bytes`.
};

struct Received {
  ChannelStatus status = ChannelStatus::closed;
  std::string line;  ///< Without its newline; of a half or over-long message what came first.
};

/// Messages over two pipes, one per line, and the other side's log beside them: it is read whenever
/// we wait, so that a chatty process never blocks on a full pipe, and its end is kept.
class LineChannel {
 public:
  struct Ends {
    FileDescriptor input;   ///< Messages come from here.
    FileDescriptor output;  ///< Messages go here.
    FileDescriptor log;     ///< May be absent.
  };

  explicit LineChannel(Ends ends);

  /// Sends `line`, which has no newline of its own. Without a deadline it waits for ever.
  [[nodiscard]] ChannelStatus send(std::string_view line, std::optional<Timestamp> deadline);

  /// The next message. Without a deadline it waits for ever.
  [[nodiscard]] Received receive(std::optional<Timestamp> deadline);

  /// True if nothing waits to be received and the other side is still there.
  [[nodiscard]] bool quiet() const;

  /// The last 4 KiB of the other side's log, what has arrived by now included.
  [[nodiscard]] std::string log_tail();

  /// Tells the other side that no more messages come.
  void close_output() noexcept { ends_.output.reset(); }

 private:
  [[nodiscard]] bool wait_for(int descriptor, short event, std::optional<Timestamp> deadline);
  [[nodiscard]] bool read_log();
  [[nodiscard]] std::optional<Received> complete_line();

  Ends ends_;
  std::string buffer_;
  std::size_t searched_ = 0;  ///< How much of the buffer is known to hold no newline.
  std::string log_;
};

}  // namespace autotune
