#include "platform/file_lock.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakes/file_tree.hpp"

namespace autotune {
namespace {

using namespace std::chrono_literals;
using testing::FileTree;

TEST(FileLock, HasOneHolderAtATime) {
  const FileTree folder;
  const auto path = folder.root() / "lock";
  const auto first = FileLock::acquire(path, 0ms);
  ASSERT_TRUE(first);
  EXPECT_FALSE(FileLock::acquire(path, 30ms));
  EXPECT_EQ(lock_holder(path), ::getpid());
}

TEST(FileLock, IsGivenBackAtTheEndOfItsScope) {
  const FileTree folder;
  const auto path = folder.root() / "lock";
  { ASSERT_TRUE(FileLock::acquire(path, 0ms)); }
  EXPECT_TRUE(FileLock::acquire(path, 0ms));
}

TEST(FileLock, IsGivenBackWhenItsHolderIsKilled) {
  const FileTree folder;
  const auto path = folder.root() / "lock";
  int news[2];
  ASSERT_EQ(::pipe(news), 0);
  const pid_t holder = ::fork();
  if (holder == 0) {
    const auto lock = FileLock::acquire(path, 0ms);
    const char held = lock ? 'y' : 'n';
    if (::write(news[1], &held, 1) == 1) ::pause();
    ::_exit(1);
  }
  char held = 0;
  ASSERT_EQ(::read(news[0], &held, 1), 1);
  ASSERT_EQ(held, 'y');
  EXPECT_FALSE(FileLock::acquire(path, 0ms));
  EXPECT_EQ(lock_holder(path), holder);
  ::kill(holder, SIGKILL);
  EXPECT_TRUE(FileLock::acquire(path, 10s));
  ::waitpid(holder, nullptr, 0);
  ::close(news[0]);
  ::close(news[1]);
}

TEST(FileLock, FailsWithTheGivenCodeWhereNoFileCanBe) {
  const FileTree folder;
  try {
    static_cast<void>(FileLock::acquire(folder.root() / "none" / "lock", 0ms, ErrorCode::profile));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::profile);
    EXPECT_NE(std::string(error.what()).find("No such file"), std::string::npos);
  }
}

TEST(FileLock, HasNoHolderBeforeTheFirst) {
  const FileTree folder;
  EXPECT_EQ(lock_holder(folder.root() / "lock"), std::nullopt);
}

}  // namespace
}  // namespace autotune
