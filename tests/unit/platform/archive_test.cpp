#include "platform/archive.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <utility>
#include <vector>

#include "autotune/error.hpp"
#include "autotune/worker.hpp"
#include "fakes/file_tree.hpp"
#include "fakes/zip_archive.hpp"

namespace autotune {
namespace {

using ::testing::AllOf;
using testing::FileTree;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::ThrowsMessage;

using testing::Entries;

std::filesystem::path archive(const FileTree& folder, const std::string& name,
                              const Entries& entries) {
  return testing::write_archive(folder.root() / name, entries);
}

const Entries model{{"m/data.pkl", "pickle"}, {"m/data/0", "weights"}, {"m/version", "3"}};

auto says(const std::string& words) {
  return ThrowsMessage<Error>(AllOf(HasSubstr(words), HasSubstr("torch.jit.save")));
}

TEST(ModelFingerprint, IsOfTheContentAndNotOfTheFile) {
  const FileTree folder;
  const std::string fingerprint = model_fingerprint(archive(folder, "a.pt", model));
  EXPECT_THAT(fingerprint, MatchesRegex("zip:[0-9a-f]{16}"));
  EXPECT_EQ(model_fingerprint(archive(folder, "b.pt", model)), fingerprint);
  EXPECT_EQ(model_fingerprint(archive(folder, "c.pt", {model.rbegin(), model.rend()})),
            fingerprint);
}

TEST(ModelFingerprint, ChangesWithANameAByteAndALength) {
  const FileTree folder;
  const std::string fingerprint = model_fingerprint(archive(folder, "a.pt", model));
  Entries renamed = model;
  renamed[1].first = "m/data/1";
  EXPECT_NE(model_fingerprint(archive(folder, "b.pt", renamed)), fingerprint);
  Entries retrained = model;
  retrained[1].second = "WEIGHTS";
  EXPECT_NE(model_fingerprint(archive(folder, "c.pt", retrained)), fingerprint);
  Entries longer = model;
  longer.emplace_back("m/extra", "");
  EXPECT_NE(model_fingerprint(archive(folder, "d.pt", longer)), fingerprint);
}

TEST(ModelFingerprint, DoesNotReadTheWeights) {
  const FileTree folder;
  const auto path = archive(folder, "a.pt", {{"m/data/0", std::string(100'000, 'w')}});
  const std::string fingerprint = model_fingerprint(path);
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(50'000).put('!');
  EXPECT_EQ(model_fingerprint(path), fingerprint);
}

TEST(ModelFingerprint, NamesAMissingFile) {
  EXPECT_THAT([] { static_cast<void>(model_fingerprint("/nowhere/m.pt")); },
              ThrowsMessage<Error>(
                  AllOf(HasSubstr("/nowhere/m.pt"), HasSubstr("No such file or directory"))));
}

TEST(ModelFingerprint, RefusesAFolderAnEmptyFileAndAnotherFormat) {
  const FileTree folder;
  folder.write("empty.pt", "");
  folder.write("text.pt", "import torch\n");
  EXPECT_THAT([&] { static_cast<void>(model_fingerprint(folder.root())); },
              ThrowsMessage<Error>(HasSubstr("is no variant set")));
  EXPECT_THAT([&] { static_cast<void>(model_fingerprint("/dev/null")); },
              says("is not a regular file"));
  EXPECT_THAT([&] { static_cast<void>(model_fingerprint(folder.root() / "empty.pt")); },
              says("is empty (0 bytes)"));
  EXPECT_THAT([&] { static_cast<void>(model_fingerprint(folder.root() / "text.pt")); },
              says("is no zip archive or was cut off (13 bytes"));
}

TEST(ModelFingerprint, SaysHowAPackageIsMade) {
  const FileTree folder;
  folder.write("int8.pt2", "import torch\n");
  EXPECT_THAT([&] { static_cast<void>(model_fingerprint(folder.root() / "int8.pt2")); },
              ThrowsMessage<Error>(HasSubstr(
                  "(13 bytes, no directory at its end). Make the variant set again with: python")));
}

TEST(ModelFingerprint, RefusesAnArchiveCutOffAnywhere) {
  const FileTree folder;
  const auto path = archive(folder, "whole.pt", model);
  std::ifstream file(path, std::ios::binary);
  const std::string whole(std::istreambuf_iterator<char>(file), {});
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    folder.write("cut.pt", whole.substr(0, bytes));
    EXPECT_THROW(static_cast<void>(model_fingerprint(folder.root() / "cut.pt")), Error) << bytes;
  }
}

TEST(ModelFingerprint, RefusesAnArchiveWithoutEntries) {
  const FileTree folder;
  EXPECT_THAT([&] { static_cast<void>(model_fingerprint(archive(folder, "none.pt", {}))); },
              says("torch.jit.save"));
}

TEST(DefaultName, IsTheStemOfAFileAndAllOfAFolder) {
  const FileTree folder;
  folder.write("small-en-v1.5/manifest.json", "{}");
  folder.write("model.v2.pt", "");
  const auto set = folder.root() / "small-en-v1.5";
  EXPECT_EQ(default_name(set), "small-en-v1.5");
  EXPECT_EQ(default_name(set / ""), "small-en-v1.5");
  EXPECT_EQ(default_name(set / "."), "small-en-v1.5");
  EXPECT_EQ(default_name(set / ".." / "small-en-v1.5"), "small-en-v1.5");
  EXPECT_EQ(default_name(folder.root() / "model.v2.pt"), "model.v2");

  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(set);
  const std::string here = default_name(".");
  std::filesystem::current_path(before);
  EXPECT_EQ(here, "small-en-v1.5");
}

TEST(DamagedEntry, IsTheOneWhoseContentWasChangedInPlace) {
  const FileTree folder;
  const auto path = archive(folder, "a.pt", model);
  EXPECT_EQ(damaged_entry(path), "");
  const std::string fingerprint = model_fingerprint(path);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  file.clear();
  file.seekp(static_cast<std::streamoff>(bytes.find("weights")));
  file.put('W');
  file.close();
  EXPECT_EQ(model_fingerprint(path), fingerprint);
  EXPECT_EQ(damaged_entry(path), "m/data/0");
}

}  // namespace
}  // namespace autotune
