#include "search/replay/table.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "autotune/error.hpp"

namespace autotune::replay {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::StartsWith;
using ::testing::ThrowsMessage;

const std::string header = "arm,batch,latency_ms,joules_per_unit,status\n";
const std::string memory_header = "arm,batch,latency_ms,joules_per_unit,status,peak_memory_bytes\n";

Table table_of(const std::string& text) { return Table::parse(text, "t.csv"); }

void expect_error(const std::string& text, const std::string& place, const std::string& what) {
  EXPECT_THAT([&] { (void)table_of(text); },
              ThrowsMessage<Error>(AllOf(StartsWith(place), HasSubstr(what))));
}

TEST(RecordedTable, KeepsArmsInOrderAndBatchesRising) {
  const Table table = table_of(header + "b,4,1,0.5,ok\na,1,1,1,ok\nb,2,1,0.6,ok\n");
  const auto& arms = table.space().arms;
  ASSERT_EQ(arms.size(), 2u);
  EXPECT_EQ(arms[0].name, "b");
  EXPECT_THAT(arms[0].batches, ElementsAre(2, 4));
  EXPECT_THAT(arms[1].batches, ElementsAre(1));
}

TEST(RecordedTable, ReadsMemoryWhereThereIsSome) {
  const Table table = table_of(memory_header + "a,1,1,1,ok,4096\na,2,1,1,ok,\n");
  EXPECT_THAT(table.at({0, 1}).peak_memory_bytes, Optional(4096u));
  EXPECT_FALSE(table.at({0, 2}).peak_memory_bytes);
}

TEST(RecordedTable, LetsAFailedRowHaveNoValues) {
  const Table table = table_of(header + "a,1,1,1,ok\na,2,,,out_of_memory\n");
  EXPECT_EQ(table.at({0, 2}).status, TrialStatus::out_of_memory);
  EXPECT_TRUE(table.at({0, 2}).fails());
}

TEST(RecordedTable, ReadsAQuotedArmAndForeignLineEnds) {
  const Table table = table_of(
      "arm,batch,latency_ms,joules_per_unit,status\r\n\"bf16, \"\"fast\"\"\",1,1,1,ok\r\n\r\n");
  EXPECT_EQ(table.space().arms[0].name, "bf16, \"fast\"");
}

TEST(RecordedTable, NamesFileAndLineOfABadRow) {
  expect_error(header + "a,1,1,1,ok\na,2,1,1,fine\n", "t.csv:3:", "unknown status 'fine'");
  expect_error(header + "a,1,,1,ok\n", "t.csv:2:", "latency_ms and joules_per_unit");
  expect_error(header + "a,1,1,,ok\n", "t.csv:2:", "latency_ms and joules_per_unit");
  expect_error(header + "a,1,1,1,ok\n\na,1,2,2,ok\n", "t.csv:4:", "in line 2 already");
  expect_error(header + "a,1,1,1\n", "t.csv:2:", "4 fields, not 5");
  expect_error(header + "a,1,1,1,ok,7\n", "t.csv:2:", "6 fields, not 5");
  expect_error(header + "\"a,1,1,1,ok\n", "t.csv:2:", "quote");
  expect_error(header + ",1,1,1,ok\n", "t.csv:2:", "no name");
}

TEST(RecordedTable, RefusesWhatIsNoNumber) {
  expect_error(header + "a,1.5,1,1,ok\n", "t.csv:2:", "batch is '1.5'");
  expect_error(header + "a,0,1,1,ok\n", "t.csv:2:", "batch is 0");
  expect_error(header + "a,1,1ms,1,ok\n", "t.csv:2:", "latency_ms is '1ms'");
  expect_error(header + "a,1,nan,1,ok\n", "t.csv:2:", "latency_ms is nan");
  expect_error(header + "a,1,1,inf,ok\n", "t.csv:2:", "joules_per_unit is inf");
  expect_error(header + "a,1,1,-1,ok\n", "t.csv:2:", "joules_per_unit is -1");
  expect_error(memory_header + "a,1,1,1,ok,-1\n", "t.csv:2:", "peak_memory_bytes is '-1'");
}

TEST(RecordedTable, RefusesAFileWithoutATable) {
  expect_error("", "t.csv:1:", "empty");
  expect_error(header, "t.csv:1:", "no rows");
  expect_error("arm,batch,joules_per_unit,latency_ms,status\n", "t.csv:1:", "the first line is");
  EXPECT_THROW((void)read_table("/nowhere/table.csv"), Error);
  EXPECT_THROW((void)read_table(std::filesystem::temp_directory_path()), Error);
}

TEST(RecordedTable, LooksForTheBestWithinTheLimitsOnly) {
  const Table table = table_of(memory_header +
                               "a,1,1,1.0,ok,10\na,2,2,0.8,ok,20\na,3,3,0.6,ok,30\n"
                               "a,4,4,0.4,inaccurate,40\na,5,,,out_of_memory,\n");
  EXPECT_THAT(table.best({}), Optional(Candidate{0, 3}));
  EXPECT_THAT(table.best({.max_latency_ms = 2}), Optional(Candidate{0, 2}));
  EXPECT_THAT(table.best({.max_memory_bytes = 19}), Optional(Candidate{0, 1}));
  EXPECT_FALSE(table.best({.max_latency_ms = 0.5}));
  EXPECT_THAT(table.best_power_of_two({}), Optional(Candidate{0, 2}));
}

TEST(RecordedTable, DerivesThePowerOfARow) {
  // 0.5 J x 4 rows in 20 ms; a failed row draws the mean.
  const Table table = table_of(header + "a,4,20,0.5,ok\na,2,20,3,ok\na,8,,,out_of_memory\n");
  EXPECT_DOUBLE_EQ(table.watts({0, 4}), 100);
  EXPECT_DOUBLE_EQ(table.watts({0, 2}), 300);
  EXPECT_DOUBLE_EQ(table.watts({0, 8}), 200);
}

/// Whatever is committed must be readable: a set that nobody replays would rot.
TEST(RecordedTables, OfTheRepositoryAreAllValid) {
  int tables = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(RECORDED_TABLES)) {
    if (file.path().extension() != ".csv") continue;
    const Table table = read_table(file.path());
    EXPECT_TRUE(table.best({})) << file.path();
    ++tables;
  }
  EXPECT_GE(tables, 100);
}

}  // namespace
}  // namespace autotune::replay
