#include "worker/messages.hpp"

#include <gmock/gmock.h>

#include <limits>

namespace autotune {
namespace {

using namespace std::chrono_literals;

/// Over the wire and back.
template <typename Value>
Value carried(const Value& value) {
  const std::string line = wire::to_line({.id = 5, .type = "test", .body = wire::encode(value)});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  return wire::decode<Value>(wire::parse_message(line).body);
}

TEST(WorkerMessages, CarryTheOptionsOfTheWorkloadAndTheKnobs) {
  const wire::Start start{.workload = {.model = "m.pt",
                                       .inputs = "in.pt",
                                       .input_specs = {"int64[batch,128]:0..9"},
                                       .name = "two\nlines",
                                       .unit = "token",
                                       .units_per_item = 2.5,
                                       .units_from_mask = "2.0",
                                       .batch_dims = {"1:none"},
                                       .first_batch = 8,
                                       .last_batch = 64,
                                       .device = "cuda:1",
                                       .seed = std::numeric_limits<std::uint64_t>::max(),
                                       .hot_inputs = true,
                                       .copy_inputs = true,
                                       .pipeline = 4,
                                       .resident_bytes = 1ULL << 33},
                          .execution = {.threads = 3, .retained_heap = true, .cuda_graph = true}};
  const wire::Start there = carried(start);
  EXPECT_EQ(there.workload, start.workload);
  EXPECT_EQ(there.execution, start.execution);
}

TEST(WorkerMessages, CarryADescription) {
  const Description description{.id = {"minilm", "token", "int64[batch,32]", "zip:00"},
                                .rows = 128,
                                .units_per_row = 17.25,
                                .max_batch = 32,
                                .arms = {Arm{}, Arm{.precision = Precision::bf16}},
                                .unsupported = {{Precision::fp8, Layout::prepacked, "no FP8"}},
                                .warnings = {"keeps state"},
                                .conditions = {{"torch", "2.11.0"}},
                                .pci_address = "0000:19:00.0"};
  EXPECT_EQ(carried(description), description);
}

TEST(WorkerMessages, CarryRequests) {
  const PrepareRequest prepare = carried(PrepareRequest{
      .arm = {.layout = Layout::channels_last}, .accuracy_batch = 8, .check_accuracy = false});
  EXPECT_EQ(prepare.arm.layout, Layout::channels_last);
  EXPECT_EQ(prepare.accuracy_batch, 8);
  EXPECT_FALSE(prepare.check_accuracy);

  const RunRequest run = carried(RunRequest{.batch = 7,
                                            .first_row = 1'000'000'000'000,
                                            .seconds = 0.7,
                                            .min_iterations = 3,
                                            .max_iterations = 9,
                                            .fresh_memory = true});
  EXPECT_EQ(run.batch, 7);
  EXPECT_EQ(run.first_row, 1'000'000'000'000);
  EXPECT_EQ(run.seconds, 0.7);
  EXPECT_EQ(run.min_iterations, 3);
  EXPECT_EQ(run.max_iterations, 9);
  EXPECT_TRUE(run.fresh_memory);
}

TEST(WorkerMessages, CarryEveryNanosecondOfARun) {
  const RunResult result{.status = TrialStatus::out_of_memory,
                         .reason = "no more",
                         .start = 1'234'567'890'123'456'789ns,
                         .completions = {1'234'567'890'123'456'790ns, 1'234'567'890'123'456'791ns},
                         .units = {32, 31.5},
                         .peak_memory_bytes = 1ull << 40,
                         .memory_growth_bytes = 4096,
                         .waited_seconds = 0.25,
                         .page_faults = 1ull << 33};
  EXPECT_EQ(carried(result), result);
}

TEST(WorkerMessages, CarryAnAccuracyThatIsNoNumber) {
  Prepared prepared{.set_up = {.seconds = 1.5, .export_seconds = 30}};
  prepared.accuracy.finite = false;
  prepared.accuracy.worst_cosine = std::numeric_limits<double>::quiet_NaN();
  const Prepared there = carried(prepared);
  EXPECT_FALSE(there.accuracy.finite);
  EXPECT_TRUE(std::isnan(there.accuracy.worst_cosine));
  EXPECT_EQ(there.set_up, prepared.set_up);
}

TEST(WorkerMessages, CarryWhatIsNotCovered) {
  Prepared prepared;
  prepared.accuracy.coverage = 0.75;
  prepared.accuracy.uncovered = {{"bmm", 0.2, "it has no weight"}, {"linear", 0.05, "too small"}};
  EXPECT_EQ(carried(prepared), prepared);
}

TEST(WorkerMessages, CarryTheRoutesOfAnArm) {
  const Prepared prepared{.set_up = {.routes = {{.name = "cast, fused kernels", .ms = 1.5},
                                                {.name = "autocast", .reason = "no kernel"}}}};
  EXPECT_EQ(carried(prepared), prepared);
}

TEST(WorkerMessages, CarryWhenBatchesInFlightBegan) {
  const RunResult run{
      .start = 5ns, .completions = {9ns, 12ns}, .begins = {5ns, 6ns}, .units = {1, 1}};
  EXPECT_EQ(carried(run), run);
}

TEST(WorkerMessages, CarryAnErrorWithItsCode) {
  const auto failure = carried(wire::Failure{ErrorCode::inputs, "zero rows"});
  EXPECT_EQ(failure.code, ErrorCode::inputs);
  EXPECT_EQ(failure.message, "zero rows");
}

TEST(WorkerMessages, PassOverFieldsThatANewerSideAdds) {
  Json body = wire::encode(RunRequest{.batch = 3});
  body["colour"] = "blue";
  EXPECT_EQ(wire::decode<RunRequest>(body).batch, 3);
}

TEST(WorkerMessages, RefuseARunWhoseTimesCannotBe) {
  const RunResult good{.start = 5ns, .completions = {6ns, 7ns}, .units = {1, 1}};
  Json backwards = wire::encode(good);
  backwards["completions_ns"] = {7, 6};
  EXPECT_THROW(static_cast<void>(wire::decode<RunResult>(backwards)), Json::exception);
  Json early = wire::encode(good);
  early["start_ns"] = 100;
  EXPECT_THROW(static_cast<void>(wire::decode<RunResult>(early)), Json::exception);
  Json negative = wire::encode(good);
  negative["begins_ns"] = {5, 8};
  EXPECT_THROW(static_cast<void>(wire::decode<RunResult>(negative)), Json::exception);
  Json fewer = wire::encode(good);
  fewer["begins_ns"] = {5};
  EXPECT_THROW(static_cast<void>(wire::decode<RunResult>(fewer)), Json::exception);
  Json unequal = wire::encode(good);
  unequal["units"] = {1};
  EXPECT_THROW(static_cast<void>(wire::decode<RunResult>(unequal)), Json::exception);
}

TEST(WorkerMessages, RefuseWhatIsNoMessage) {
  for (const char* line : {"", "7", "[]", "null", "{}", "{\"id\":\"x\",\"type\":\"run\"}",
                           "{\"id\":1,\"type\":2}", "{\"id\":1,\"type\":\"run\"", "\xff\xfe"}) {
    EXPECT_THROW(static_cast<void>(wire::parse_message(line)), Json::exception) << line;
  }
}

TEST(WorkerMessages, RefuseABatchBelowOne) {
  Json body = wire::encode(RunRequest{.batch = 1});
  body["batch"] = 0;
  EXPECT_THROW(static_cast<void>(wire::decode<RunRequest>(body)), Json::exception);
}

}  // namespace
}  // namespace autotune
