// A tune that ends at any moment goes on to the answer it would have had.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <set>

#include "autotune/error.hpp"
#include "fakes/file_tree.hpp"
#include "support/simulated_tune.hpp"

namespace {

/// The call into the file system that fails, counted from 1; 0: none does.
int failing_call = 0;
int calls = 0;

bool fails_now() { return ++calls == failing_call; }

}  // namespace

// The linker sends the journal's calls here (extra.cmake).
extern "C" {
ssize_t __real_pwrite(int file, const void* bytes, size_t count, off_t offset);
ssize_t __wrap_pwrite(int file, const void* bytes, size_t count, off_t offset) {
  if (!fails_now()) return __real_pwrite(file, bytes, count, offset);
  // As on a full disk: a part of it is written, then no more.
  (void)__real_pwrite(file, bytes, count / 2, offset);
  errno = ENOSPC;
  return -1;
}
int __real_fdatasync(int file);
int __wrap_fdatasync(int file) {
  if (!fails_now()) return __real_fdatasync(file);
  errno = EIO;
  return -1;
}
}

namespace autotune {
namespace {

namespace fs = std::filesystem;
using testing::FileTree;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::SimulatedTune;

class ResumeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    failing_call = calls = 0;
    SimulatedTune whole(tree_.root() / "whole");
    whole_ = whole.run(false);
    windows_ = whole.windows_taken();
    const fs::path journal = fs::directory_iterator(tree_.root() / "whole")->path();
    std::ifstream file(journal, std::ios::binary);
    journal_.assign(std::istreambuf_iterator<char>(file), {});
  }

  /// The folder of a tune that died after the first `bytes` of its journal.
  [[nodiscard]] fs::path died_after(std::size_t bytes) {
    const fs::path folder = tree_.root() / "died";
    fs::remove_all(folder);
    fs::create_directories(folder);
    std::ofstream(folder / "a.journal", std::ios::binary) << journal_.substr(0, bytes);
    return folder;
  }

  void expect_same(const TuneResult& result, const std::string& when) const {
    ASSERT_EQ(SimulatedTune::answer(result), SimulatedTune::answer(whole_)) << when;
    ASSERT_LT(SimulatedTune::difference(result, whole_), 1e-3) << when;
  }

  FileTree tree_;
  TuneResult whole_;
  std::string journal_;
  int windows_ = 0;
};

TEST_F(ResumeTest, FromEveryRecordBoundaryItComesToTheSameAnswerAndTakesNoStepTwice) {
  std::size_t finished_windows = 0;
  for (std::size_t end = journal_.find('\n') + 1; end != 0; end = journal_.find('\n', end) + 1) {
    SimulatedTune tune(died_after(end));
    expect_same(tune.run(true), "after byte " + std::to_string(end));
    const std::string prefix = journal_.substr(0, end);
    finished_windows = 0;
    for (auto at = prefix.find("\"step\":\"window\""); at != std::string::npos;
         at = prefix.find("\"step\":\"window\"", at + 1)) {
      ++finished_windows;
    }
    ASSERT_EQ(tune.windows_taken(), windows_ - static_cast<int>(finished_windows));
  }
  EXPECT_EQ(static_cast<int>(finished_windows), windows_);
}

TEST_F(ResumeTest, ATornLastRecordIsTakenAgain) {
  const std::size_t half = journal_.find('\n', journal_.size() / 2) + 40;
  SimulatedTune tune(died_after(half));
  const TuneResult result = tune.run(true);
  expect_same(result, "after half a record");
  EXPECT_THAT(result.warnings, IsEmpty());
}

TEST_F(ResumeTest, ResumedTwiceItIsStillTheSame) {
  const fs::path folder = died_after(journal_.find('\n', journal_.size() / 3) + 1);
  SimulatedTune tune(folder);
  int steps = 4;
  tune.options().stop_requested = [&] { return --steps < 0; };
  const TuneResult stopped = tune.run(true);
  EXPECT_FALSE(stopped.complete);
  EXPECT_TRUE(stopped.resumable);
  tune.options().stop_requested = nullptr;
  const TuneResult result = tune.run(true);
  EXPECT_FALSE(result.resumable);
  expect_same(result, "resumed twice");
  EXPECT_GT(result.resumed_steps, 0);
}

TEST_F(ResumeTest, SpentTimeAndJoulesGoOn) {
  SimulatedTune tune(died_after(journal_.find('\n', journal_.size() / 2) + 1));
  const TuneResult result = tune.run(true);
  // Preparing and warming up once more is paid, nothing else.
  EXPECT_NEAR(result.spent.seconds, whole_.spent.seconds, 2);
  EXPECT_GE(result.spent.joules, whole_.spent.joules * 0.999);
}

TEST_F(ResumeTest, AFailureOfAnyWriteOrFlushNeitherChangesTheAnswerNorSpoilsTheJournal) {
  calls = 0;
  (void)SimulatedTune(tree_.root() / "counted").run(false);
  const int all = calls;
  ASSERT_GT(all, 20);
  for (int call = 1; call <= all; ++call) {
    const fs::path folder = tree_.root() / ("failed" + std::to_string(call));
    SimulatedTune tune(folder);
    calls = 0;
    failing_call = call;
    const TuneResult result = tune.run(false);
    failing_call = 0;
    expect_same(result, "call " + std::to_string(call));
    ASSERT_EQ(result.warnings.size(), 1u) << "call " << call;
    EXPECT_THAT(result.warnings[0], HasSubstr("journal"));
    // The first two calls write the header: without it there is nothing to resume.
    if (call <= 2) continue;
    expect_same(tune.run(true), "resumed after call " + std::to_string(call));
  }
}

TEST_F(ResumeTest, RefusesAJournalOfAnotherSeedSpaceOrBudget) {
  SimulatedTune tune(died_after(journal_.size()));
  const auto refusal = [&]() -> std::string {
    try {
      (void)tune.run(true);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  tune.options().seed = 6;
  EXPECT_THAT(refusal(), HasSubstr("options.seed is 5 there and 6 here"));
  tune.options().seed = 5;
  tune.options().max_batch = 48;
  EXPECT_THAT(refusal(), HasSubstr("space.batch.1 is 24 there and 48 here"));
  tune.options().max_batch = 24;
  tune.options().budget.seconds = 601;
  EXPECT_THAT(refusal(), HasSubstr("options.budget_seconds is 600.0 there and 601.0 here"));
}

TEST_F(ResumeTest, StepsThatAnotherLibraryAskedForAreRefusedByName) {
  // The second window's batch, changed with its checksum right.
  const fs::path folder = tree_.root() / "changed";
  fs::create_directories(folder);
  std::ofstream(tree_.root() / "copy", std::ios::binary) << journal_;
  const Records records = read_records(tree_.root() / "copy");
  RecordFile file = RecordFile::create(folder / "a.journal");
  for (std::size_t i = 0; i < records.texts.size(); ++i) {
    Json record = Json::parse(records.texts[i]);
    if (i == 5) record["config"]["batch"] = 23;
    file.append(record.dump());
  }
  SimulatedTune tune(folder);
  try {
    (void)tune.run(true);
    FAIL() << "was resumed";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("step 5 of the journal"));
    EXPECT_THAT(error.what(), HasSubstr("batch=23"));
  }
}

TEST_F(ResumeTest, EveryStepIsTold) {
  SimulatedTune tune(tree_.root() / "told");
  std::set<std::string> types, phases;
  int events = 0;
  tune.options().on_event = [&](const TuneEvent& event) {
    types.insert(event.type);
    phases.insert(event.phase);
    EXPECT_FALSE(event.resumed);
    ++events;
  };
  (void)tune.run(false);
  EXPECT_EQ(events, std::ranges::count(journal_, '\n') - 1);
  EXPECT_TRUE(types.contains("prepare") && types.contains("window"));
  EXPECT_TRUE(phases.contains("baselines") && phases.contains("survey") &&
              phases.contains("search") && phases.contains("race"));
}

}  // namespace
}  // namespace autotune
