// A cache that belongs to another user: whose it is, and what helps.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>

#include "autotune/error.hpp"
#include "autotune/profile.hpp"
#include "fakes/environment.hpp"
#include "fakes/file_tree.hpp"
#include "fakes/without_root.hpp"
#include "journal/journal.hpp"
#include "session/device_lock.hpp"
#include "session/meter_facts_store.hpp"

namespace autotune {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::FileTree;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ScopedEnvironment;
using testing::WithoutRoot;

const Device own_cpu{.kind = DeviceKind::cpu, .name = "A CPU", .id = "cpu"};

/// What `use` ends with, as a user who is not root; empty if it works.
std::string error_as_another(const std::function<void()>& use) {
  const WithoutRoot ordinary_user;
  if (!ordinary_user) return "root cannot become anybody else here";
  try {
    use();
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

/// Root's cache, in which the lock of a device and a folder of profiles are.
class SharedCache : public ::testing::Test {
 protected:
  SharedCache() {
    tree_.write("state/cpu.lock", "1\n");
    tree_.write("profiles/A-CPU/one.json", "{}");
    tree_.write("profiles/.lock", "1\n");
    fs::create_directories(tree_.root() / "journals");
    for (const char* path : {"", "state", "profiles", "profiles/A-CPU", "journals"}) {
      ::chmod((tree_.root() / path).c_str(), 0755);
    }
  }
  void SetUp() override {
    if (!WithoutRoot()) GTEST_SKIP() << "root cannot become anybody else here";
  }

  static auto names(const std::string& owner) {
    return AllOf(HasSubstr("belongs to " + owner), HasSubstr("mode 0"),
                 HasSubstr("export AUTOTUNE_CACHE_DIR="));
  }

  FileTree tree_;
  ScopedEnvironment environment_{{"AUTOTUNE_CACHE_DIR", tree_.root().string()}};
};

TEST_F(SharedCache, NamesItsOwnerWhereADeviceIsLocked) {
  EXPECT_THAT(error_as_another([] { static_cast<void>(lock_device(own_cpu)); }),
              names("root (uid 0)"));
}

TEST_F(SharedCache, NamesItsOwnerWhereADeviceWasNeverLocked) {
  const Device other{.kind = DeviceKind::cuda, .id = "cuda:0"};
  EXPECT_THAT(error_as_another([&] { static_cast<void>(lock_device(other)); }),
              names("root (uid 0)"));
}

TEST_F(SharedCache, NamesItsOwnerWhereAJournalBegins) {
  EXPECT_THAT(error_as_another([&] {
                static_cast<void>(Journal::begin(tree_.root() / "journals", Json::object()));
              }),
              names("root (uid 0)"));
}

TEST_F(SharedCache, NamesItsOwnerWhereMetersAreKept) {
  EXPECT_THAT(error_as_another([] { save_meter_facts(own_cpu, {}); }), names("root (uid 0)"));
}

TEST_F(SharedCache, NamesItsOwnerBeforeATuneThatCouldNotBeKept) {
  const auto check = [] { ProfileStore::from_environment().check_writable(own_cpu.name); };
  EXPECT_THAT(error_as_another(check), names("root (uid 0)"));
  // Everybody may write the cache, but the device's folder is another user's.
  ::chmod((tree_.root() / "profiles").c_str(), 0777);
  ::chmod((tree_.root() / "profiles/.lock").c_str(), 0666);
  EXPECT_THAT(error_as_another(check), names("root (uid 0)"));
  ::chmod((tree_.root() / "profiles/A-CPU").c_str(), 0777);
  EXPECT_THAT(error_as_another(check), IsEmpty());
}

TEST_F(SharedCache, IsReadWithoutBeingWritten) {
  std::vector<std::string> warnings;
  const auto read = [&] { static_cast<void>(ProfileStore::from_environment().load(warnings)); };
  EXPECT_THAT(error_as_another(read), IsEmpty());
}

TEST_F(SharedCache, NamesItsOwnerWhereItCannotBeRead) {
  ::chmod(tree_.root().c_str(), 0700);
  std::vector<std::string> warnings;
  const auto read = [&] { static_cast<void>(ProfileStore::from_environment().load(warnings)); };
  EXPECT_THAT(error_as_another(read), IsEmpty());
  EXPECT_THAT(warnings, ::testing::ElementsAre(HasSubstr("belongs to root (uid 0), mode 0700")));
}

TEST(CacheThatIsAFile, IsSaidToBeOneByLookUpsAndTunes) {
  const FileTree tree;
  tree.write("cache", "");
  const ScopedEnvironment environment{{"AUTOTUNE_CACHE_DIR", (tree.root() / "cache").string()}};
  std::vector<std::string> warnings;
  const ProfileStore store = ProfileStore::from_environment();
  EXPECT_THAT(store.load(warnings), IsEmpty());
  EXPECT_THAT(warnings, ::testing::ElementsAre(HasSubstr("cache is a file, not a folder")));
  EXPECT_THAT(error_as_another([&] { store.check_writable(); }), HasSubstr("cache"));
}

TEST(NoHome, LeavesLookUpsTheFoldersThatAreNamed) {
  const ScopedEnvironment environment{{"AUTOTUNE_CACHE_DIR", std::nullopt},
                                      {"XDG_CACHE_HOME", std::nullopt},
                                      {"HOME", std::nullopt},
                                      {"AUTOTUNE_PROFILE_PATH", "/no/such/folder"}};
  std::vector<std::string> warnings;
  const ProfileStore store = ProfileStore::from_environment();
  EXPECT_THAT(store.load(warnings), IsEmpty());
  EXPECT_THAT(warnings, ::testing::ElementsAre(HasSubstr("/no/such/folder")));
  EXPECT_THROW(store.check_writable(), Error);
}

}  // namespace
}  // namespace autotune
