#include "journal/record_file.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "autotune/error.hpp"
#include "fakes/file_tree.hpp"

namespace autotune {
namespace {

using ::testing::ElementsAreArray;
using testing::FileTree;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class RecordFileTest : public ::testing::Test {
 protected:
  RecordFileTest() {
    RecordFile file = RecordFile::create(path_);
    for (const std::string& text : texts_) file.append(text);
  }
  [[nodiscard]] Records read_from(const std::string& content) const {
    folder_.write("other", content);
    return read_records(folder_.root() / "other");
  }

  FileTree folder_;
  std::filesystem::path path_ = folder_.root() / "records";
  std::vector<std::string> texts_{"{\"a\":1}", "", "{\"long\":\"" + std::string(300, 'x') + "\"}",
                                  "{\"\xc3\xa9\":null}"};
};

TEST_F(RecordFileTest, GivesBackWhatWasAppended) {
  const Records records = read_records(path_);
  EXPECT_THAT(records.texts, ElementsAreArray(texts_));
  EXPECT_EQ(records.bytes, std::filesystem::file_size(path_));
  EXPECT_THAT(records.damage, IsEmpty());
}

TEST_F(RecordFileTest, EveryPrefixHoldsItsFinishedRecordsAndNothingElse) {
  const std::string content = content_of(path_);
  for (std::size_t bytes = 0; bytes <= content.size(); ++bytes) {
    const std::string prefix = content.substr(0, bytes);
    const auto whole = static_cast<std::size_t>(std::ranges::count(prefix, '\n'));
    const Records records = read_from(prefix);
    ASSERT_THAT(records.texts, ElementsAreArray(texts_.begin(), texts_.begin() + whole)) << bytes;
    ASSERT_THAT(records.damage, IsEmpty()) << bytes;
  }
}

TEST_F(RecordFileTest, EveryChangedByteOfAFinishedRecordIsFound) {
  const std::string content = content_of(path_);
  for (std::size_t byte = 0; byte < content.size(); ++byte) {
    std::string changed = content;
    changed[byte] = static_cast<char>(changed[byte] ^ 1);
    const Records records = read_from(changed);
    ASSERT_LT(records.texts.size(), texts_.size()) << byte;
    ASSERT_THAT(records.texts,
                ElementsAreArray(texts_.begin(), texts_.begin() + records.texts.size()));
    // Without its line break the last record is one that was being written.
    if (byte + 1 < content.size()) {
      ASSERT_THAT(records.damage, HasSubstr("at byte")) << byte;
    }
  }
}

TEST_F(RecordFileTest, GoesOnAfterTheWholeRecords) {
  std::ofstream(path_, std::ios::app) << "0badc0de {\"torn";
  const Records before = read_records(path_);
  RecordFile::reopen(path_, before.bytes).append("next");
  const Records after = read_records(path_);
  EXPECT_EQ(after.texts.size(), texts_.size() + 1);
  EXPECT_EQ(after.texts.back(), "next");
  EXPECT_THAT(after.damage, IsEmpty());
}

TEST_F(RecordFileTest, NeverTakesTheFileOfAnother) {
  EXPECT_THROW((void)RecordFile::create(path_), Error);
  EXPECT_THAT(read_records(path_).texts, ElementsAreArray(texts_));
  EXPECT_THROW((void)read_records(folder_.root() / "nothing"), Error);
}

}  // namespace
}  // namespace autotune
