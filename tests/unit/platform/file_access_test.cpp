#include "platform/file_access.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cerrno>

#include "fakes/file_tree.hpp"
#include "fakes/without_root.hpp"

namespace autotune {
namespace {

using ::testing::AllOf;
using testing::FileTree;
using ::testing::HasSubstr;
using testing::WithoutRoot;

TEST(Refusal, SaysWhoseTheFolderIsItsModeAndWhoWeAre) {
  const FileTree tree;
  ::chmod(tree.root().c_str(), 0750);
  const WithoutRoot ordinary_user;
  if (!ordinary_user) GTEST_SKIP() << "root cannot become anybody else here";
  EXPECT_THAT(refusal(tree.root() / "state" / "cpu.lock", ENOENT),
              AllOf(HasSubstr(tree.root().string() + " belongs to root (uid 0), mode 0750"),
                    HasSubstr("you are nobody (uid 65534)")));
}

TEST(Refusal, SaysWhoseTheFileIsThatStandsThere) {
  const FileTree tree;
  tree.write("cpu.lock", "1\n");
  ::chmod(tree.root().c_str(), 0755);
  ::chmod((tree.root() / "cpu.lock").c_str(), 0644);
  const WithoutRoot ordinary_user;
  if (!ordinary_user) GTEST_SKIP() << "root cannot become anybody else here";
  EXPECT_THAT(refusal(tree.root() / "cpu.lock", EACCES),
              HasSubstr("cpu.lock belongs to root (uid 0), mode 0644"));
}

TEST(Refusal, NamesAUserWithoutAnEntryByNumber) {
  const FileTree tree;
  ASSERT_EQ(::chown(tree.root().c_str(), 54321, 0), 0);
  const WithoutRoot ordinary_user;
  if (!ordinary_user) GTEST_SKIP() << "root cannot become anybody else here";
  EXPECT_THAT(refusal(tree.root() / "x", EACCES), HasSubstr("belongs to uid 54321, mode 0700"));
}

TEST(Refusal, SaysThatAFileStandsWhereAFolderShould) {
  const FileTree tree;
  tree.write("cache", "");
  EXPECT_EQ(refusal(tree.root() / "cache" / "state" / "cpu.lock", ENOTDIR),
            (tree.root() / "cache").string() + " is a file, not a folder");
}

TEST(Refusal, IsTheSystemsWordsWhereNobodyIsInTheWay) {
  const FileTree tree;
  EXPECT_EQ(refusal(tree.root() / "x", ENOSPC), "No space left on device");
}

TEST(MakeFolders, SaysWhoRefuses) {
  const FileTree tree;
  const WithoutRoot ordinary_user;
  if (!ordinary_user) GTEST_SKIP() << "root cannot become anybody else here";
  try {
    make_folders(tree.root() / "a" / "b", ErrorCode::profile);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::profile);
    EXPECT_THAT(error.what(), HasSubstr("belongs to root (uid 0), mode 0700"));
  }
}

}  // namespace
}  // namespace autotune
