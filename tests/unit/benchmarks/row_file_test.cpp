#include "benchmarks/row_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace autotune {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RecordedTable : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path()); }

  [[nodiscard]] std::string path() const {
    return ::testing::TempDir() + "row_file_" + std::to_string(::getpid()) + ".csv";
  }
  void write(const std::string& text) const { std::ofstream(path()) << text; }
  [[nodiscard]] std::string text() const {
    std::ifstream file(path());
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

Window window_of(double latency_ms, std::optional<double> joules) {
  Window window;
  window.latencies_ms = {latency_ms};
  window.joules_per_unit = joules;
  window.peak_memory_bytes = 7;
  return window;
}

Window out_of_memory() {
  Window window;
  window.status = TrialStatus::out_of_memory;
  return window;
}

TEST_F(RecordedTable, IsWhatTheReplayReads) {
  Table table(path(), Columns::energy, "");
  table.add("bf16_plain", 8, window_of(2.5, 0.125));
  table.add("bf16_plain", 64, out_of_memory());
  EXPECT_EQ(text(),
            "arm,batch,latency_ms,joules_per_unit,status,peak_memory_bytes\n"
            "bf16_plain,8,2.5,0.125,ok,7\n"
            "bf16_plain,64,,,out_of_memory,0\n");
}

TEST_F(RecordedTable, LosesHalfARowAndKeepsTheOthers) {
  const std::string whole = "arm,batch,latency_ms,status,peak_memory_bytes\nfp32_plain,8,1,ok,7\n";
  write(whole + "fp32_plain,16,1");
  const Table table(path(), Columns::latency, "");
  EXPECT_EQ(text(), whole);
  EXPECT_TRUE(table.has("fp32_plain", 8));
  EXPECT_FALSE(table.has("fp32_plain", 16));
}

TEST_F(RecordedTable, WritesAHeaderThatWasCutOffAnew) {
  write("arm,batch,lat");
  Table table(path(), Columns::latency, "");
  EXPECT_EQ(text(), "arm,batch,latency_ms,status,peak_memory_bytes\n");
}

TEST_F(RecordedTable, RefusesAFileOfOtherColumns) {
  write("arm,batch\n");
  try {
    const Table table(path(), Columns::latency, "");
    FAIL() << "took a file with other columns";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("begins with 'arm,batch'"));
  }
}

TEST_F(RecordedTable, KnowsAfterARestartFromWhichBatchAnArmIsTooLarge) {
  Table(path(), Columns::energy, "encoder").add("fp32_plain", 64, out_of_memory());
  const Table table(path(), Columns::energy, "encoder");
  EXPECT_TRUE(table.is_too_large("fp32_plain", 64));
  EXPECT_TRUE(table.is_too_large("fp32_plain", 512));
  EXPECT_FALSE(table.is_too_large("fp32_plain", 63));
  EXPECT_FALSE(table.is_too_large("bf16_plain", 512));
}

TEST_F(RecordedTable, KeepsModelsApartByTheirLabels) {
  Window window = window_of(2.5, std::nullopt);
  window.flags = {"no_energy_reading", "foreign_load", "heap"};
  Table(path(), Columns::energy, "encoder").add("fp32_plain", 8, window);
  const Table other(path(), Columns::energy, "decoder");
  EXPECT_FALSE(other.has("fp32_plain", 8));
  EXPECT_THAT(text(), HasSubstr("\nencoder,fp32_plain,8,2.5,,ok,7,foreign_load+heap\n"));
}

TEST_F(RecordedTable, GivesTheRowsThatWereThere) {
  write("a,b\n1,2\n3,4\n");
  const RowFile file(path(), "a,b", 1);
  EXPECT_THAT(file.rows(), ElementsAre("1,2", "3,4"));
}

}  // namespace
}  // namespace autotune
