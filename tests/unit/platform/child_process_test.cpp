#include "platform/child_process.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "autotune/error.hpp"

namespace autotune {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

StartedChild shell(const std::string& script) { return start_child({"/bin/sh", "-c", script}); }

std::string read_all(const FileDescriptor& file) {
  std::string text;
  std::array<char, 4096> chunk;
  for (ssize_t count; (count = ::read(file.get(), chunk.data(), chunk.size())) > 0;) {
    text.append(chunk.data(), static_cast<std::size_t>(count));
  }
  return text;
}

std::string end_of(const std::string& script) {
  StartedChild child = shell(script);
  return to_words(child.process.wait_for(30s).value());
}

TEST(ChildProcess, SaysInWordsHowItEnded) {
  EXPECT_EQ(end_of("exit 3"), "exited with status 3");
  EXPECT_EQ(end_of("ulimit -c 0; kill -SEGV $$"), "was killed by signal 11 (Segmentation fault)");
  EXPECT_EQ(end_of("kill -KILL $$"), "was killed by signal 9 (Killed)");
  EXPECT_EQ(to_words({}), "ended, and something else in this program took its status");
}

TEST(ChildProcess, HasPipesForItsThreeStreams) {
  StartedChild child = shell("read word; echo got $word; echo oops >&2");
  ASSERT_EQ(::write(child.pipes.input.get(), "hello\n", 6), 6);
  EXPECT_EQ(read_all(child.pipes.output), "got hello\n");
  EXPECT_EQ(read_all(child.pipes.log), "oops\n");
}

TEST(ChildProcess, InheritsNoOtherOpenFile) {
  const FileDescriptor leaky{::open("/dev/null", O_RDONLY)};  // Without O_CLOEXEC.
  ASSERT_GE(leaky.get(), 3);
  StartedChild child = shell("test -e /proc/self/fd/" + std::to_string(leaky.get()) +
                             " && echo open || echo closed");
  EXPECT_EQ(read_all(child.pipes.output), "closed\n");
}

TEST(ChildProcess, StartsEvenIfWeHaveNoStdin) {
  const FileDescriptor kept{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10)};
  ::close(STDIN_FILENO);
  StartedChild child = shell("read word; echo got $word");
  if (kept) ::dup2(kept.get(), STDIN_FILENO);
  ASSERT_EQ(::write(child.pipes.input.get(), "hello\n", 6), 6);
  EXPECT_EQ(read_all(child.pipes.output), "got hello\n");
}

TEST(ChildProcess, StartsWithoutOurBlockedSignals) {
  sigset_t blocked;
  sigset_t before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  StartedChild child = shell("kill -TERM $$; sleep 100");
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(to_words(child.process.wait_for(30s).value()), "was killed by signal 15 (Terminated)");
}

TEST(ChildProcess, IsKilledAndReapedByTheDestructor) {
  pid_t pid = 0;
  { pid = shell("sleep 1000").process.pid(); }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST(ChildProcess, TakesAlongWhatItStarted) {
  StartedChild child = shell("sleep 1000 & kill -KILL $$");
  ASSERT_TRUE(child.process.wait_for(30s));
  // The pipe ends once nobody is left to write to it.
  EXPECT_EQ(read_all(child.pipes.output), "");
}

TEST(ChildProcess, IsWaitedForOnlySoLong) {
  StartedChild child = shell("sleep 1000");
  EXPECT_FALSE(child.process.wait_for(20ms));
  child.process.kill();
  EXPECT_TRUE(child.process.wait_for(30s));
}

TEST(ChildProcess, SaysSoIfSomebodyElseTookItsStatus) {
  StartedChild child = shell("exit 3");
  ASSERT_EQ(::waitpid(child.process.pid(), nullptr, 0), child.process.pid());
  EXPECT_EQ(to_words(child.process.wait_for(30s).value()),
            "ended, and something else in this program took its status");
}

TEST(ChildProcess, NamesAProgramThatCannotBeStarted) {
  EXPECT_THAT([] { static_cast<void>(start_child({"/nowhere/program"})); },
              ThrowsMessage<Error>(
                  AllOf(HasSubstr("/nowhere/program"), HasSubstr("No such file or directory"))));
}

}  // namespace
}  // namespace autotune
