#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <thread>

#include "autotune/error.hpp"
#include "unit/profile/example_profile.hpp"
#include "vocabulary/json.hpp"

namespace autotune {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ProfileStoreTest : public ::testing::Test {
 protected:
  [[nodiscard]] fs::path folder() const { return temporary_.path() / "profiles"; }
  [[nodiscard]] ProfileStore store() const { return {folder(), {}}; }

  [[nodiscard]] std::vector<Profile> load(const ProfileStore& from) {
    warnings_.clear();
    return from.load(warnings_);
  }

  /// Names in the folder of `path`, which is how leftovers show.
  [[nodiscard]] static std::vector<std::string> names_beside(const fs::path& path) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path.parent_path())) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  TemporaryFolder temporary_;
  std::vector<std::string> warnings_;
};

std::string error_of(const ProfileStore& store, const Profile& profile) {
  try {
    static_cast<void>(store.save(profile));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::profile);
    return error.what();
  }
  return "no error";
}

TEST_F(ProfileStoreTest, LoadsWhatItSaved) {
  const fs::path path = store().save(example_profile());
  const auto profiles = load(store());
  ASSERT_THAT(profiles, SizeIs(1));
  EXPECT_EQ(to_json(profiles[0]), to_json(example_profile()));
  EXPECT_EQ(profiles[0].path, path);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(ProfileStoreTest, PutsAProfileInTheFolderOfItsDevice) {
  const fs::path path = store().save(example_profile());
  EXPECT_EQ(path.parent_path(), folder() / "AMD-EPYC");
  EXPECT_THAT(path.filename().string(), ::testing::MatchesRegex("minilm-[0-9a-f]*.json"));
}

TEST_F(ProfileStoreTest, KeepsHostileNamesInsideTheFolder) {
  Profile profile = example_profile();
  profile.device_name = "../../..";
  profile.workload.name = "../a/b\n" + std::string(500, 'x');
  const fs::path path = store().save(profile);
  EXPECT_EQ(path.parent_path().parent_path(), folder());
  EXPECT_THAT(load(store()), SizeIs(1));
}

TEST_F(ProfileStoreTest, LeavesNothingButTheProfile) {
  const fs::path path = store().save(example_profile());
  EXPECT_THAT(names_beside(path), ElementsAre(path.filename().string()));
}

TEST_F(ProfileStoreTest, MakesFilesThatOthersMayRead) {
  const mode_t before = ::umask(022);
  const fs::path path = store().save(example_profile());
  ::umask(before);
  EXPECT_EQ(fs::status(path).permissions(), static_cast<fs::perms>(0644));
}

TEST_F(ProfileStoreTest, IsEmptyWithoutAFolderAndSaysNothing) {
  EXPECT_THAT(load(store()), IsEmpty());
  EXPECT_THAT(warnings_, IsEmpty());
  EXPECT_FALSE(fs::exists(folder()));
}

TEST_F(ProfileStoreTest, KeepsPointsMeasuredUnderTheSameConditions) {
  static_cast<void>(store().save(example_profile()));
  Profile again = example_profile();
  again.trials = {measured("batch=1", 2.9, 7), measured("batch=16,precision=bf16", 0.6, 18)};
  static_cast<void>(store().save(again));
  const auto profiles = load(store());
  ASSERT_THAT(profiles, SizeIs(1));
  EXPECT_THAT(profiles[0].trials, SizeIs(6));
  EXPECT_EQ(profiles[0].trials[0], again.trials[0]);
}

TEST_F(ProfileStoreTest, DropsPointsMeasuredUnderOtherConditions) {
  static_cast<void>(store().save(example_profile()));
  Profile again = example_profile();
  again.key.conditions["libtorch"] = "2.12.0";
  again.trials = {measured("batch=1", 2.9, 7)};
  static_cast<void>(store().save(again));
  EXPECT_THAT(load(store()).at(0).trials, SizeIs(1));
}

TEST_F(ProfileStoreTest, DropsPointsOfAnotherMeter) {
  static_cast<void>(store().save(example_profile()));
  Profile again = example_profile();
  again.meter.source = EnergySource::rapl;
  again.trials = {measured("batch=1", 2.9, 7)};
  static_cast<void>(store().save(again));
  EXPECT_THAT(load(store()).at(0).trials, SizeIs(1));
}

TEST_F(ProfileStoreTest, KeepsACompleteAnswerWhenALaterTuneIsCutShort) {
  static_cast<void>(store().save(example_profile()));
  Profile interrupted = example_profile();
  interrupted.complete = false;
  interrupted.best = measured("batch=2", 2.0, 8);
  interrupted.trials = {interrupted.best};
  static_cast<void>(store().save(interrupted));
  const Profile kept = load(store()).at(0);
  EXPECT_TRUE(kept.complete);
  EXPECT_EQ(kept.best, example_profile().best);
  EXPECT_EQ(kept.trials.back(), interrupted.best);
}

TEST_F(ProfileStoreTest, KeepsUnknownFieldsAcrossARewrite) {
  const fs::path path = store().save(example_profile());
  Json json = Json::parse(read(path));
  json["colour"] = "green";
  write(path, json.dump());
  static_cast<void>(store().save(example_profile()));
  EXPECT_EQ(Json::parse(read(path))["colour"], "green");
}

TEST_F(ProfileStoreTest, GivesOtherHardwareAFileOfItsOwn) {
  const fs::path first = store().save(example_profile());
  Profile other = example_profile();
  other.key.identity["cores"] = "64";
  EXPECT_NE(store().save(other), first);
  EXPECT_THAT(load(store()), SizeIs(2));
}

TEST_F(ProfileStoreTest, NeverOverwritesAFileOfSomebodyElse) {
  const fs::path path = store().save(example_profile());
  Profile foreign = example_profile();
  foreign.workload.fingerprint = "zip:ffff";
  write(path, to_json(foreign));
  const fs::path other = store().save(example_profile());
  EXPECT_NE(other, path);
  EXPECT_EQ(read(path), to_json(foreign));
  EXPECT_EQ(store().save(example_profile()), other);
}

TEST_F(ProfileStoreTest, NeverOverwritesANewerMajorVersion) {
  const fs::path path = store().save(example_profile());
  write(path, R"({"schema_version": "2.0.0"})");
  const fs::path other = store().save(example_profile());
  EXPECT_NE(other, path);
  EXPECT_EQ(read(path), R"({"schema_version": "2.0.0"})");
}

TEST_F(ProfileStoreTest, LeavesANewerMajorVersionAloneWithAWarning) {
  const fs::path path = store().save(example_profile());
  write(path, R"({"schema_version": "2.0.0"})");
  EXPECT_THAT(load(store()), IsEmpty());
  EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr(path.string()), HasSubstr("2.0.0"))));
  EXPECT_TRUE(fs::exists(path));
}

class DamagedFile : public ProfileStoreTest, public ::testing::WithParamInterface<std::string> {};

TEST_P(DamagedFile, IsSetAsideInTheCacheWithAWarning) {
  const fs::path path = store().save(example_profile());
  write(path, GetParam());
  EXPECT_THAT(load(store()), IsEmpty());
  EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr(path.string()), HasSubstr(".bad"))));
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(read(path.string() + ".bad"), GetParam());
}

TEST_P(DamagedFile, IsLeftWhereItIsInAReadOnlyFolder) {
  const fs::path path = store().save(example_profile());
  write(path, GetParam());
  EXPECT_THAT(load({temporary_.path() / "empty", {folder()}}), IsEmpty());
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr(path.string())));
  EXPECT_TRUE(fs::exists(path));
}

TEST_P(DamagedFile, MakesRoomForANewProfileAndIsKept) {
  const fs::path path = store().save(example_profile());
  write(path, GetParam());
  EXPECT_EQ(store().save(example_profile()), path);
  EXPECT_EQ(read(path), to_json(example_profile()));
  EXPECT_EQ(read(path.string() + ".bad"), GetParam());
}

TEST_P(DamagedFile, IsNoticedByALookUp) {
  const fs::path path = store().save(example_profile());
  write(path, GetParam());
  const Found found = store().find("minilm", example_key(), {}, warnings_);
  EXPECT_EQ(found.match, Match::none);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr(".bad")));
}

INSTANTIATE_TEST_SUITE_P(Texts, DamagedFile,
                         ::testing::Values("", "\n", "not JSON",
                                           to_json(example_profile()).substr(0, 40),
                                           to_json(example_profile()).substr(0, 900)));

TEST_F(ProfileStoreTest, WarnsOfAFolderInPlaceOfAFile) {
  const fs::path path = store().save(example_profile());
  fs::remove(path);
  fs::create_directory(path);
  EXPECT_THAT(load(store()), IsEmpty());
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("is a folder")));
  EXPECT_THAT(error_of(store(), example_profile()), HasSubstr("is a folder"));
}

TEST_F(ProfileStoreTest, DoesNotWaitForAPipeInPlaceOfAFile) {
  const fs::path path = store().save(example_profile());
  fs::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(load(store()), IsEmpty());
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("no regular file")));
}

TEST_F(ProfileStoreTest, SaysWhichFolderCannotBeWrittenAndWhatNext) {
  write(folder(), "a file where the folder should be");
  EXPECT_THAT(error_of(store(), example_profile()),
              AllOf(HasSubstr(folder().string()), HasSubstr("AUTOTUNE_CACHE_DIR")));
  EXPECT_THROW(store().check_writable(), Error);
}

TEST_F(ProfileStoreTest, ChecksAFolderWithoutLeavingAFileInIt) {
  store().check_writable();
  EXPECT_THAT(load(store()), IsEmpty());
  EXPECT_FALSE(fs::exists(folder() / ".probe"));
}

TEST_F(ProfileStoreTest, WarnsOfAMissingReadOnlyFolder) {
  EXPECT_THAT(load({folder(), {"/no/such/folder"}}), IsEmpty());
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("/no/such/folder")));
}

TEST_F(ProfileStoreTest, LosesNoPointWhenSeveralSaveAtOnce) {
  constexpr int writers = 8;
  std::vector<std::thread> threads;
  for (int i = 0; i < writers; ++i) {
    threads.emplace_back([this, i] {
      Profile profile = example_profile();
      profile.trials = {measured(("batch=" + std::to_string(200 + i)).c_str(), 1, 1)};
      static_cast<void>(store().save(profile));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(load(store()).at(0).trials, SizeIs(writers));
}

/// A file system of a few pages.
class FullDisk : public ProfileStoreTest {
 protected:
  void SetUp() override {
    fs::create_directories(folder());
    if (::mount("tmpfs", folder().c_str(), "tmpfs", 0, "size=64k") != 0) {
      GTEST_SKIP() << "mounting a small file system needs root";
    }
    mounted_ = true;
  }
  ~FullDisk() override {
    if (mounted_) ::umount(folder().c_str());
  }
  void fill() const {
    std::ofstream(folder() / "filler", std::ios::binary) << std::string(1U << 20U, 'x');
  }

 private:
  bool mounted_ = false;
};

TEST_F(FullDisk, LeavesTheOldFileWhenTheDiskIsFull) {
  const fs::path path = store().save(example_profile());
  const std::string before = read(path);
  fill();
  Profile again = example_profile();
  again.trials.push_back(measured("batch=77", 1, 1));
  EXPECT_THAT(error_of(store(), again),
              AllOf(HasSubstr("No space left"), HasSubstr("AUTOTUNE_CACHE_DIR")));
  EXPECT_EQ(read(path), before);
  EXPECT_THAT(names_beside(path), ElementsAre(path.filename().string()));
}

TEST_F(FullDisk, IsFoundOutBeforehand) {
  store().check_writable();
  fill();
  EXPECT_THROW(store().check_writable(), Error);
}

}  // namespace
}  // namespace autotune
