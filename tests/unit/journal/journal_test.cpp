#include "journal/journal.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "autotune/error.hpp"
#include "fakes/file_tree.hpp"

namespace autotune {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::FileTree;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Json header(int seed = 1, const std::string& fingerprint = "zip:1") {
  return {{"name", "minilm"},
          {"workload", {{"name", "minilm"}, {"fingerprint", fingerprint}}},
          {"device", {{"id", "cpu"}}},
          {"options", {{"seed", seed}}},
          {"earlier_trials", Json::array()},
          {"spent", {{"seconds", 1.5}}}};
}

class JournalTest : public ::testing::Test {
 protected:
  Journal begin(const Json& head, int steps) {
    Journal journal = Journal::begin(folder_, head);
    for (int i = 0; i < steps; ++i) journal.append({{"step", i}});
    return journal;
  }
  /// What resuming says against it.
  std::string refusal(const Json& head) {
    try {
      (void)Journal::resume(folder_, head, warnings_);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  int finished(Journal& journal) {
    int steps = 0;
    for (; journal.next_finished() != nullptr; journal.take_finished()) {
      EXPECT_EQ(journal.next_finished()->at("step"), steps++);
    }
    return steps;
  }

  FileTree tree_;
  fs::path folder_ = tree_.root() / "journals";
  std::vector<std::string> warnings_;
};

TEST_F(JournalTest, GivesTheFinishedStepsInOrderAndGoesOn) {
  (void)begin(header(), 3);
  {
    Journal resumed = Journal::resume(folder_, header(), warnings_);
    EXPECT_EQ(resumed.header().at("spent").at("seconds"), 1.5);
    EXPECT_EQ(finished(resumed), 3);
    resumed.append({{"step", 3}});
  }
  Journal again = Journal::resume(folder_, header(), warnings_);
  EXPECT_EQ(finished(again), 4);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(JournalTest, TakesTheNewestOfTheWorkloadAndDevice) {
  const fs::path old = begin(header(), 1).path();
  (void)begin(header(), 2);
  (void)begin(header(1, "zip:2"), 5);
  fs::last_write_time(old, fs::last_write_time(old) - std::chrono::hours(1));
  Journal resumed = Journal::resume(folder_, header(), warnings_);
  EXPECT_EQ(finished(resumed), 2);
}

TEST_F(JournalTest, RefusesOtherOptionsNamingTheDifference) {
  (void)begin(header(1), 1);
  EXPECT_THAT(refusal(header(2)), HasSubstr("options.seed is 1 there and 2 here"));
}

TEST_F(JournalTest, RefusesAnotherModelNamingTheDifference) {
  (void)begin(header(1, "zip:1"), 1);
  EXPECT_THAT(refusal(header(1, "zip:2")),
              AllOf(HasSubstr("no journal of this workload"),
                    HasSubstr(R"(workload.fingerprint is "zip:1" there and "zip:2" here)")));
}

TEST_F(JournalTest, SaysWhenThereIsNone) {
  EXPECT_THAT(refusal(header()), HasSubstr("no journal of this workload on this device"));
}

TEST_F(JournalTest, WhatATuneLearnsAsItBeginsIsNoDifference) {
  (void)begin(header(), 1);
  Json later = header();
  later.erase("spent");
  later["earlier_trials"] = {1, 2};
  EXPECT_EQ(refusal(later), "");
}

TEST_F(JournalTest, ReportsDamageKeepsACopyAndGoesOnBeforeIt) {
  const fs::path path = begin(header(), 4).path();
  std::string content;
  {
    std::ifstream file(path);
    content.assign(std::istreambuf_iterator<char>(file), {});
  }
  content[content.find("\"step\":2") + 8] = '!';
  std::ofstream(path) << content;
  Journal resumed = Journal::resume(folder_, header(), warnings_);
  EXPECT_EQ(finished(resumed), 2);
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_THAT(warnings_[0], AllOf(HasSubstr("damaged: record 4"), HasSubstr(".bad")));
  EXPECT_EQ(fs::file_size(path.string() + ".bad"), content.size());
}

TEST_F(JournalTest, PassesOverOnesThatDiedBeforeTheirHeader) {
  (void)begin(header(), 2);
  std::ofstream(folder_ / "young.journal") << "00000000 {\"na";
  Journal resumed = Journal::resume(folder_, header(), warnings_);
  EXPECT_EQ(finished(resumed), 2);
}

TEST_F(JournalTest, KeepsTheNewestTwenty) {
  for (int i = 0; i < 25; ++i) {
    fs::create_directories(folder_);
    std::ofstream(folder_ / (std::to_string(i) + ".journal")) << "x";
  }
  (void)begin(header(), 0);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 21);
}

}  // namespace
}  // namespace autotune
