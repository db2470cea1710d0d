#include "platform/atomic_file.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <iterator>

#include "fakes/file_tree.hpp"

namespace autotune {
namespace {

using ::testing::AllOf;
using testing::FileTree;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::ptrdiff_t files_in(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}

/// Lets this process write files up to a size only, as a full disk would.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST(AtomicFile, ReplacesTheWholeFile) {
  const FileTree folder;
  folder.write("a.json", "something longer than the new text");
  write_atomically(folder.root() / "a.json", "new");
  EXPECT_EQ(content(folder.root() / "a.json"), "new");
  EXPECT_EQ(files_in(folder.root()), 1);
}

TEST(AtomicFile, ShowsNothingBeforeTheCommit) {
  const FileTree folder;
  folder.write("a.json", "old");
  AtomicFile file(folder.root() / "a.json");
  file.write("new");
  EXPECT_EQ(content(folder.root() / "a.json"), "old");
  file.commit();
  EXPECT_EQ(content(folder.root() / "a.json"), "new");
}

TEST(AtomicFile, LeavesNothingBehindWithoutACommit) {
  const FileTree folder;
  folder.write("a.json", "old");
  { AtomicFile(folder.root() / "a.json").write("new"); }
  EXPECT_EQ(content(folder.root() / "a.json"), "old");
  EXPECT_EQ(files_in(folder.root()), 1);
}

TEST(AtomicFile, LeavesTheOldFileWhenTheDiskIsFull) {
  const FileTree folder;
  folder.write("a.json", "old");
  const std::string large(100'000, 'x');
  {
    const SmallDisk disk(50'000);
    EXPECT_THAT([&] { write_atomically(folder.root() / "a.json", large, ErrorCode::profile); },
                ThrowsMessage<Error>(AllOf(HasSubstr("a.json"), HasSubstr("File too large"),
                                           HasSubstr("unchanged"))));
  }
  EXPECT_EQ(content(folder.root() / "a.json"), "old");
  EXPECT_EQ(files_in(folder.root()), 1);
}

TEST(AtomicFile, NamesAFolderThatIsNotThere) {
  const FileTree folder;
  EXPECT_THAT([&] { write_atomically(folder.root() / "none" / "a.json", "new"); },
              ThrowsMessage<Error>(HasSubstr("No such file or directory")));
}

TEST(AtomicFile, DoesNotReplaceAFolder) {
  const FileTree folder;
  folder.write("a.json/inside", "old");
  EXPECT_THROW(write_atomically(folder.root() / "a.json", "new"), Error);
  EXPECT_EQ(content(folder.root() / "a.json/inside"), "old");
}

TEST(AtomicFile, WritesBehindASymbolicLink) {
  const FileTree folder;
  folder.write("real/a.json", "old");
  std::filesystem::create_symlink("real/a.json", folder.root() / "link.json");
  write_atomically(folder.root() / "link.json", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder.root() / "link.json"));
  EXPECT_EQ(content(folder.root() / "real/a.json"), "new");
}

TEST(AtomicFile, KeepsAPrivateFilePrivate) {
  const FileTree folder;
  folder.write("a.json", "old");
  const auto only_mine = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;
  std::filesystem::permissions(folder.root() / "a.json", only_mine);
  write_atomically(folder.root() / "a.json", "new");
  EXPECT_EQ(std::filesystem::status(folder.root() / "a.json").permissions(), only_mine);
}

}  // namespace
}  // namespace autotune
