#include "platform/line_channel.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

namespace autotune {
namespace {

using namespace std::chrono_literals;

/// A channel, and the other ends of its three pipes.
struct Wire {
  Wire() {
    FileDescriptor input;
    FileDescriptor output;
    FileDescriptor log;
    connect(input, to_channel);
    connect(from_channel, output);
    connect(log, to_log);
    channel.emplace(LineChannel::Ends{std::move(input), std::move(output), std::move(log)});
  }

  static void connect(FileDescriptor& read, FileDescriptor& write) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    read.reset(ends[0]);
    write.reset(ends[1]);
  }

  FileDescriptor to_channel;
  FileDescriptor from_channel;
  FileDescriptor to_log;
  std::optional<LineChannel> channel;
};

void put(const FileDescriptor& file, const std::string& text) {
  ASSERT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

Timestamp soon() { return SteadyClock().now() + 20ms; }
Timestamp late() { return SteadyClock().now() + 60s; }

TEST(LineChannel, GivesOneLineAtATime) {
  Wire wire;
  put(wire.to_channel, "one\ntwo\nthr");
  EXPECT_EQ(wire.channel->receive(late()).line, "one");
  EXPECT_EQ(wire.channel->receive(late()).line, "two");
  EXPECT_EQ(wire.channel->receive(soon()).status, ChannelStatus::timed_out);
  put(wire.to_channel, "ee\n");
  EXPECT_EQ(wire.channel->receive(late()).line, "three");
}

TEST(LineChannel, CarriesAMessageLargerThanAPipe) {
  Wire wire;
  const std::string large(3'000'000, 'm');
  std::thread reader([&] {
    LineChannel other({std::move(wire.from_channel), std::move(wire.to_channel), {}});
    EXPECT_EQ(other.send(other.receive(late()).line, late()), ChannelStatus::ok);
  });
  EXPECT_EQ(wire.channel->send(large, late()), ChannelStatus::ok);
  EXPECT_EQ(wire.channel->receive(late()).line, large);
  reader.join();
}

TEST(LineChannel, TellsAnEndFromAHalfMessage) {
  Wire ended;
  ended.to_channel.reset();
  EXPECT_EQ(ended.channel->receive(late()).status, ChannelStatus::closed);
  Wire torn;
  put(torn.to_channel, "{\"id\":");
  torn.to_channel.reset();
  const Received half = torn.channel->receive(late());
  EXPECT_EQ(half.status, ChannelStatus::half_message);
  EXPECT_EQ(half.line, "{\"id\":");
}

TEST(LineChannel, RefusesAMessageThatIsTooLong) {
  Wire wire;
  const std::string longest(max_message_bytes, 'x');
  std::thread writer([&] {
    LineChannel other({std::move(wire.from_channel), std::move(wire.to_channel), {}});
    EXPECT_EQ(other.send(longest, late()), ChannelStatus::ok);
    EXPECT_EQ(other.send(longest + 'x', late()), ChannelStatus::too_long);
  });
  EXPECT_EQ(wire.channel->receive(late()).line.size(), max_message_bytes);
  writer.join();
}

TEST(LineChannel, GivesUpOnALineWithoutEnd) {
  Wire wire;
  std::thread writer([&, output = std::move(wire.to_channel)]() mutable {
    const std::string block(1 << 20, 'x');
    for (int blocks = 0; blocks < 16; ++blocks) put(output, block);
    put(output, "x");
  });
  const Received received = wire.channel->receive(late());
  writer.join();
  EXPECT_EQ(received.status, ChannelStatus::too_long);
  EXPECT_LE(received.line.size(), 4096u);
}

TEST(LineChannel, DoesNotDieOfAReaderThatIsGone) {
  Wire wire;
  wire.from_channel.reset();
  EXPECT_EQ(wire.channel->send("hello", late()), ChannelStatus::closed);
  sigset_t pending;
  ::sigpending(&pending);
  EXPECT_FALSE(::sigismember(&pending, SIGPIPE));
}

TEST(LineChannel, DoesNotWaitForAReaderThatNeverReads) {
  Wire wire;
  EXPECT_EQ(wire.channel->send(std::string(1 << 20, 'x'), soon()), ChannelStatus::timed_out);
}

TEST(LineChannel, ReadsTheLogWhileItWaits) {
  Wire wire;
  std::thread chatty([&] {
    for (int lines = 0; lines < 5000; ++lines) put(wire.to_log, std::string(99, '.') + '\n');
    put(wire.to_log, "last words");
    put(wire.to_channel, "done\n");
  });
  EXPECT_EQ(wire.channel->receive(late()).line, "done");
  chatty.join();
  const std::string tail = wire.channel->log_tail();
  EXPECT_EQ(tail.size(), 4096u);
  EXPECT_TRUE(tail.ends_with("last words"));
}

TEST(LineChannel, GoesOnWhenTheLogEnds) {
  Wire wire;
  put(wire.to_log, "bye");
  wire.to_log.reset();
  put(wire.to_channel, "hello\n");
  EXPECT_EQ(wire.channel->receive(late()).line, "hello");
  EXPECT_EQ(wire.channel->log_tail(), "bye");
}

TEST(LineChannel, IsQuietUntilSomethingComesOrTheOtherSideGoes) {
  Wire wire;
  EXPECT_TRUE(wire.channel->quiet());
  put(wire.to_channel, "one\ntwo\n");
  EXPECT_FALSE(wire.channel->quiet());
  static_cast<void>(wire.channel->receive(late()));
  EXPECT_FALSE(wire.channel->quiet());
  static_cast<void>(wire.channel->receive(late()));
  EXPECT_TRUE(wire.channel->quiet());
  wire.to_channel.reset();
  EXPECT_FALSE(wire.channel->quiet());
}

}  // namespace
}  // namespace autotune
