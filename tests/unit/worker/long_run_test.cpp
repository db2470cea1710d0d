// Iterations of a microsecond: a window of seconds holds millions of them, a message does not.
#include "worker/long_run.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

#include "autotune/comparison.hpp"
#include "measure/runner.hpp"
#include "platform/line_channel.hpp"
#include "support/synthetic_workload.hpp"
#include "worker/messages.hpp"

namespace autotune {
namespace {

using namespace std::chrono_literals;
using testing::FakeClock;
using testing::SyntheticMeter;
using testing::SyntheticWorkload;
using wire::most_completions;

/// `count` iterations; every tenth is three times as long as the others, and has 2 units.
RunResult uneven_run(int count, Timestamp start = 1s) {
  RunResult run{.start = start, .peak_memory_bytes = 1000};
  for (int i = 0; i < count; ++i) {
    run.begins.push_back(run.completions.empty() ? start : run.completions.back());
    run.completions.push_back(run.begins.back() + (i % 10 == 0 ? 3000ns : 1000ns));
    run.units.push_back(i % 10 == 0 ? 2 : 1);
  }
  return run;
}

double units(const RunResult& run) {
  return std::accumulate(run.units.begin(), run.units.end(), 0.0);
}

RunResult over_the_wire(const RunRequest& request, const RunResult& result, std::size_t& longest) {
  const int most = wire::encode(request).value("most_completions", 0);
  const std::string line =
      wire::to_line_replacing({.id = 9, .type = "ran", .body = wire::encode_at_most(most, result)});
  longest = std::max(longest, line.size());
  return wire::decode<RunResult>(wire::parse_message(line).body);
}

/// A synthetic workload as the tuner has it whose worker is another process.
class FarWorkload final : public Workload {
 public:
  explicit FarWorkload(Workload& near) : near_(near) {}
  Description describe() override { return near_.describe(); }
  Prepared prepare(const PrepareRequest& request) override { return near_.prepare(request); }
  RunResult run(const RunRequest& request) override {
    return over_the_wire(request, near_.run(request), longest);
  }
  std::size_t longest = 0;

 private:
  Workload& near_;
};

TEST(LongRun, OfAMicrosecondsIterationsIsAWholeWindow) {
  FakeClock clock;
  SyntheticWorkload near(clock, {Arm{}}, {.seconds = [](const Config&) { return 1e-6; }});
  std::vector<std::unique_ptr<EnergyMeter>> meters;
  meters.push_back(std::make_unique<SyntheticMeter>(clock, near));
  FarWorkload workload(near);
  Runner runner(workload, meters, MeasureOptions::for_effort(Effort::standard, std::nullopt),
                workload.describe());
  const Window window = runner.window({4, Arm{}});
  ASSERT_EQ(window.status, TrialStatus::ok) << window.reason;
  EXPECT_NEAR(window.seconds, 2, 0.05);
  EXPECT_NEAR(window.units, 8e6, 0.2e6);
  EXPECT_NEAR(window.joules_per_unit.value(), 10 * 1e-6 / 4, 1e-9);
  EXPECT_NEAR(quantile(window.latencies_ms, 0.5), 0.001, 1e-6);
  EXPECT_NEAR(quantile(window.latencies_ms, 0.99), 0.001, 1e-6);
  EXPECT_LT(workload.longest, max_message_bytes);
}

TEST(LongRun, FitsIntoAMessageHoweverLongItsNumbersAre) {
  RunResult run{.start = Timestamp{(std::int64_t{1} << 62) - most_completions}};
  for (int i = 0; i < most_completions; ++i) {
    run.completions.push_back(run.start + Timestamp(i + 1));
    run.begins.push_back(run.start + Timestamp(i));
    run.units.push_back(1.2345678901234567e-300);
  }
  std::size_t longest = 0;
  EXPECT_EQ(over_the_wire({}, run, longest).completions.size(), run.completions.size());
  EXPECT_GT(longest, max_message_bytes / 2) << "the longest there are";
  EXPECT_LT(longest, max_message_bytes);
}

TEST(LongRun, KeepsItsLengthItsUnitsAndItsLatencies) {
  const RunResult run = uneven_run(1000);
  const RunResult thin = wire::thinned(run, 150);
  EXPECT_LE(thin.completions.size(), 150u);
  const RunResult all = wire::filled(thin, 1000);
  ASSERT_EQ(all.completions.size(), 1000u);
  EXPECT_EQ(all.start, run.start);
  EXPECT_EQ(all.completions.back(), run.completions.back());
  EXPECT_NEAR(units(all), units(run), 1e-9);
  EXPECT_TRUE(std::ranges::is_sorted(all.completions));
  // Within a stride of its place each iteration is what it was: 7 iterations of 3 µs at most.
  for (std::size_t i = 0; i < 1000; ++i) {
    EXPECT_NEAR(in_seconds(all.completions[i] - run.completions[i]), 0, 21e-6);
  }
  const std::vector<double> latencies = make_window(all, {}, {}).latencies_ms;
  EXPECT_NEAR(quantile(latencies, 0.5), 0.001, 1e-9);
  EXPECT_NEAR(quantile(latencies, 0.99), 0.003, 1e-9);
}

TEST(LongRun, IsLeftAsItIsWhereItIsShort) {
  const RunResult run = uneven_run(100);
  EXPECT_EQ(wire::thinned(run, 100), run);
  EXPECT_EQ(wire::filled(run, 100), run);
}

TEST(LongRun, IsRefusedWhereItsCountCannotBe) {
  Json body = wire::encode(uneven_run(10));
  for (const std::int64_t iterations : {std::int64_t{9}, std::int64_t{1} << 40}) {
    body["iterations"] = iterations;
    EXPECT_THROW(static_cast<void>(wire::decode<RunResult>(body)), Json::exception);
  }
}

TEST(LongRun, IsAskedForInPartsOfAWorkerThatSendsEveryIteration) {
  std::optional<RunRequest> left =
      RunRequest{.batch = 2, .seconds = 10, .min_iterations = 7, .max_iterations = 450'000};
  RunResult all;
  std::vector<int> parts;
  while (left) {
    const RunRequest asked = wire::bounded(*left);
    const auto start = Timestamp(1s) * static_cast<std::int64_t>(1 + parts.size());
    const RunResult part = uneven_run(asked.max_iterations, start);
    parts.push_back(asked.max_iterations);
    if (parts.size() == 1) {
      all = part;
    } else {
      wire::append(all, part);
    }
    left = wire::rest_of(*left, part);
  }
  EXPECT_THAT(parts, ::testing::ElementsAre(200'000, 200'000, 50'000));
  EXPECT_EQ(all.completions.size(), 450'000u);
  const std::vector<double> latencies = make_window(all, {}, {}).latencies_ms;
  EXPECT_NEAR(std::ranges::max(latencies), 0.003, 1e-9) << "no pause between parts is a latency";
}

TEST(LongRun, IsOverWhereTheWorkerEndedItOrItsSecondsAre) {
  const RunRequest request{.seconds = 0.1};
  EXPECT_FALSE(wire::rest_of(request, uneven_run(1000)));
  EXPECT_FALSE(wire::rest_of(request, uneven_run(most_completions)));  // 0.24 s
  EXPECT_TRUE(wire::rest_of({.seconds = 1}, uneven_run(most_completions)));
}

}  // namespace
}  // namespace autotune
