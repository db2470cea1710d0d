#include "measure/runner.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <iterator>
#include <thread>

#include "measure/edges.hpp"
#include "support/synthetic_workload.hpp"

namespace autotune {
namespace {

using testing::FakeClock;
using testing::SyntheticMeter;
using testing::SyntheticWorkload;

struct Bench {
  explicit Bench(SyntheticWorkload::Behaviour behaviour) : workload(clock, {Arm{}}, behaviour) {
    meters.push_back(std::make_unique<SyntheticMeter>(clock, workload));
  }
  FakeClock clock;
  SyntheticWorkload workload;
  std::vector<std::unique_ptr<EnergyMeter>> meters;
};

double two_ms_per_row(const Config& config) { return 0.002 * config.batch; }

TEST(Runner, EnergyAndLatencyAreTheTrueOnes) {
  Bench bench({.seconds = two_ms_per_row});
  Runner runner(bench.workload, bench.meters, {}, bench.workload.description());
  const Window window = runner.window({8, Arm{}});
  EXPECT_NEAR(window.joules_per_unit.value(), 10 * 0.002, 1e-9);
  EXPECT_THAT(window.latencies_ms, ::testing::Each(::testing::DoubleNear(16, 1e-6)));
}

TEST(Runner, CoversWholePassesOverTheRows) {
  Bench bench({.seconds = two_ms_per_row});
  Runner runner(bench.workload, bench.meters, {.window_seconds = 0.3},
                bench.workload.description());
  // 64 rows in batches of 12 repeat after 16 iterations; 0.3 s hold 13.
  EXPECT_EQ(runner.window({12, Arm{}}).latencies_ms.size(), 13u);
  // In batches of 16 they repeat after 4; 0.3 s hold 10, so 12 are run.
  EXPECT_EQ(runner.window({16, Arm{}}).latencies_ms.size(), 12u);
}

TEST(Runner, WarmsUpAgainOnlyForAnotherConfiguration) {
  Bench bench({.seconds = two_ms_per_row});
  Runner runner(bench.workload, bench.meters, {}, bench.workload.description());
  (void)runner.window({4, Arm{}});
  const std::size_t calls = bench.workload.calls().size();
  (void)runner.window({4, Arm{}});
  EXPECT_EQ(bench.workload.calls().size(), calls + 1);
  (void)runner.window({5, Arm{}});
  EXPECT_GT(bench.workload.calls().size(), calls + 3);
}

TEST(Runner, TakesAWindowAgainThatAStalledWarmUpForetoldTooShort) {
  int calls = 0;
  Bench bench({.seconds = [&](const Config&) { return ++calls <= 5 ? 0.1 : 0.001; }});
  Runner runner(bench.workload, bench.meters, {.window_seconds = 0.5, .warm_up_seconds = 0.5},
                bench.workload.description());
  EXPECT_GE(runner.window({1, Arm{}}).seconds, 0.5);
}

TEST(Runner, PreparesAgainAfterAFailure) {
  bool fails = true;
  Bench bench({.seconds = two_ms_per_row, .status = [&](const Config&) {
                 return fails ? TrialStatus::crashed : TrialStatus::ok;
               }});
  Runner runner(bench.workload, bench.meters, {}, bench.workload.description());
  EXPECT_EQ(runner.window({4, Arm{}}).status, TrialStatus::crashed);
  fails = false;
  EXPECT_EQ(runner.window({4, Arm{}}).status, TrialStatus::ok);
  EXPECT_EQ(std::ranges::count(bench.workload.calls(), "prepare precision=fp32,layout=plain"), 2);
}

TEST(Runner, LeavesTheEnergyAbsentWhereTheMeterGivesNone) {
  Bench bench({.seconds = two_ms_per_row});
  static_cast<SyntheticMeter&>(*bench.meters.front()).fails = true;
  Runner runner(bench.workload, bench.meters, {}, bench.workload.description());
  const Window window = runner.window({8, Arm{}});
  EXPECT_FALSE(window.joules_per_unit.has_value());
  EXPECT_THAT(window.flags, ::testing::Contains("no_energy_reading"));
}

/// A card that nears 60 °C with a time constant of 10 s of load.
class WarmingWatch final : public Watch {
 public:
  explicit WarmingWatch(FakeClock& clock) : clock_(clock), start_(clock.now()) {}
  [[nodiscard]] Circumstances read() override {
    return {.temperature_c = 60 - 30 * std::exp(-in_seconds(clock_.now() - start_) / 10)};
  }

 private:
  FakeClock& clock_;
  Timestamp start_;
};

TEST(Soak, RunsUntilTheTemperatureStandsStill) {
  Bench bench({.seconds = two_ms_per_row});
  WarmingWatch watch(bench.clock);
  Runner runner(bench.workload, bench.meters, {}, bench.workload.description(), &watch);
  runner.soak({8, Arm{}}, 60);
  // 30 K · (e^(−(t−5)/10) − e^(−t/10)) falls below 1 K at t = 30 s.
  EXPECT_NEAR(in_seconds(bench.clock.now()), 31, 4);
}

TEST(Soak, IsLeftOutWhereNobodyTellsTheTemperature) {
  Bench bench({.seconds = two_ms_per_row});
  Runner runner(bench.workload, bench.meters, {}, bench.workload.description());
  runner.soak({8, Arm{}}, 60, {.most_batch = 1024});
  EXPECT_THAT(bench.workload.calls(), ::testing::IsEmpty());
}

/// The configuration that a card was warmed with, of arms of one millisecond and 1 MB a row.
struct WarmingBench : Bench {
  explicit WarmingBench(int first_that_fails = 1 << 20)
      : Bench({.seconds = [](const Config& config) { return 0.001 * config.batch; },
               .status =
                   [=](const Config& config) {
                     return config.batch >= first_that_fails ? TrialStatus::out_of_memory
                                                             : TrialStatus::ok;
                   }}),
        watch(clock) {}
  std::string soaked_with(const SoakLimits& limits) {
    Runner runner(workload, meters, {}, workload.description(), &watch);
    runner.soak({1, Arm{}}, 60, limits);
    return workload.calls().back();
  }
  WarmingWatch watch;
};

TEST(Soak, RunsTheLargestBatchWhoseIterationIsShort) {
  EXPECT_EQ(WarmingBench().soaked_with({.most_batch = 1024}),
            "run batch=512,precision=fp32,layout=plain");
  EXPECT_EQ(WarmingBench().soaked_with({.most_batch = 100}),
            "run batch=64,precision=fp32,layout=plain");
}

TEST(Soak, LeavesRoomForTwiceTheMemoryThatABatchTook) {
  EXPECT_EQ(WarmingBench().soaked_with({.most_batch = 1024, .memory_bytes = 100'000'000}),
            "run batch=64,precision=fp32,layout=plain");
}

TEST(Soak, GoesBackToTheLastBatchThatRan) {
  WarmingBench bench(32);
  EXPECT_EQ(bench.soaked_with({.most_batch = 1024}), "run batch=16,precision=fp32,layout=plain");
  EXPECT_GT(in_seconds(bench.clock.now()), 15) << "and warms the card with it";
}

TEST(Soak, EndsWhereNothingRuns) {
  WarmingBench bench(1);
  EXPECT_EQ(bench.soaked_with({.most_batch = 1024}), "run batch=1,precision=fp32,layout=plain");
}

/// A meter of a counter that is polled.
struct PolledBench : Bench {
  explicit PolledBench(SyntheticWorkload::Behaviour behaviour) : Bench(std::move(behaviour)) {
    meters.clear();
    auto meter = std::make_unique<SyntheticMeter>(clock, workload);
    meter->poll_every(std::chrono::milliseconds(5));
    meters.push_back(std::move(meter));
  }
};

TEST(Runner, RollsBeforeAndAfterTheWindowOfAPolledMeter) {
  PolledBench bench({.seconds = two_ms_per_row});
  Runner runner(bench.workload, bench.meters, {.window_seconds = 0.4, .min_ticks = 20},
                bench.workload.description());
  const Timestamp before = bench.clock.now();
  const Window window = runner.window({8, Arm{}});
  EXPECT_NEAR(window.seconds, 2.0, 0.2);  // 20 ticks of 100 ms, in whole passes over the rows.
  // The warm-up, 0.5 s before the window and two ticks after it.
  EXPECT_GT(in_seconds(bench.clock.now() - before), window.seconds + 0.7);
}

TEST(RunnerWithoutMeters, TakesShortWindowsOfLatencyAlone) {
  Bench bench({.seconds = two_ms_per_row});
  bench.meters.clear();
  Runner runner(bench.workload, bench.meters, {.window_seconds = 0.1, .max_repeats = 2},
                bench.workload.description());
  (void)runner.settle({4, Arm{}}, 0.1);
  const std::size_t before = bench.workload.calls().size();
  const Window window = runner.window({4, Arm{}});
  EXPECT_EQ(window.status, TrialStatus::ok);
  EXPECT_LT(window.seconds, 0.2);
  EXPECT_THAT(window.latencies_ms, ::testing::Each(::testing::DoubleNear(8, 1e-6)));
  EXPECT_FALSE(window.joules_per_unit.has_value());
  EXPECT_FALSE(window.disturbed);
  EXPECT_THAT(window.flags, ::testing::IsEmpty());
  EXPECT_EQ(bench.workload.calls().size(), before + 1) << "one run, taken once";
}

TEST(Runner, ReadsNoMeterInAProbe) {
  PolledBench bench({.seconds = two_ms_per_row});
  auto& meter = static_cast<SyntheticMeter&>(*bench.meters.front());
  Runner runner(bench.workload, bench.meters, {}, bench.workload.description());
  const Timestamp before = bench.clock.now();
  for (const int iterations : {0, 3})
    EXPECT_THAT(runner.probe({4, Arm{}}, iterations).flags, ::testing::IsEmpty());
  EXPECT_EQ(meter.reads, 0);
  EXPECT_LT(in_seconds(bench.clock.now() - before), 1);
}

long threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

TEST(Runner, LeavesNoThreadBehindAWindow) {
  PolledBench bench({.seconds = two_ms_per_row});
  Runner runner(bench.workload, bench.meters, {}, bench.workload.description());
  (void)runner.window({8, Arm{}});  // A sanitizer starts a thread of its own with the first one.
  const long before = threads_of_this_process();
  (void)runner.window({8, Arm{}});
  // The kernel may still list a thread for a moment after it was joined.
  for (int i = 0; i < 100 && threads_of_this_process() != before; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(threads_of_this_process(), before);
}

TEST(MeasureOptions, PollTheEdgesForAtMostTwoThousandthsOfAWindow) {
  for (const double call_us : {2.0, 30.0, 100.0, 10'000.0}) {
    for (const Effort effort : {Effort::quick, Effort::standard, Effort::full}) {
      const MeterFacts facts{.update_period_ms = 100.0, .call_p50_us = call_us};
      const MeasureOptions options = MeasureOptions::for_effort(effort, facts);
      const double window =
          std::max(options.window_seconds, options.min_ticks * options.tick_seconds);
      const double polls = polled_seconds(options, window) / options.poll_seconds;
      EXPECT_LE(polls * call_us * 1e-6, 0.002 * window * (1 + 1e-9)) << call_us;
    }
  }
}

/// A counter that also moves at rest, as a device's does.
class RestlessMeter final : public EnergyMeter {
 public:
  RestlessMeter(FakeClock& clock, const SyntheticWorkload& workload)
      : clock_(clock), workload_(workload) {
    info_.source = EnergySource::nvml_counter;
    info_.poll_period = std::chrono::milliseconds(5);
  }
  [[nodiscard]] const MeterInfo& info() const override { return info_; }
  [[nodiscard]] std::optional<Reading> read() override {
    const Timestamp now = clock_.now();
    return Reading{now, workload_.joules() + in_seconds(now)};
  }

 private:
  FakeClock& clock_;
  const SyntheticWorkload& workload_;
  MeterInfo info_;
};

TEST(Runner, MeasuresInFourBurstsWhereTheLoadBeatsWithADutySampledSensor) {
  // One iteration per tick of the counter: the sensor would see one phase of it only.
  Bench bench({.seconds = [](const Config&) { return 0.1; }});
  bench.meters.clear();
  bench.meters.push_back(std::make_unique<RestlessMeter>(bench.clock, bench.workload));
  Runner runner(bench.workload, bench.meters,
                {.window_seconds = 2, .min_ticks = 20, .duty_sampled = true},
                bench.workload.description(), nullptr, &bench.clock);
  (void)runner.settle({8, Arm{}}, 0.1);
  const std::size_t before = bench.workload.calls().size();
  const Window window = runner.window({8, Arm{}});
  EXPECT_THAT(window.flags, ::testing::Contains("phase_bursts"));
  EXPECT_EQ(bench.workload.calls().size(), before + 6);  // Roll, four bursts, roll.
  EXPECT_THAT(window.latencies_ms, ::testing::Each(::testing::DoubleNear(100, 1e-6)));
}

TEST(MakeWindow, CountsALatencyFromWhenItsBatchWasGivenToTheDevice) {
  using std::chrono::milliseconds;
  const RunResult run{.start = milliseconds(0),
                      .completions = {milliseconds(10), milliseconds(15), milliseconds(20)},
                      .begins = {milliseconds(0), milliseconds(1), milliseconds(10)},
                      .units = {1, 1, 1}};
  EXPECT_THAT(make_window(run, {}, {}).latencies_ms, ::testing::ElementsAre(10, 14, 10));
  EXPECT_THAT(make_window(part_of(run, 1, 3), {}, {}).latencies_ms, ::testing::ElementsAre(14, 10));
  EXPECT_DOUBLE_EQ(make_window(part_of(run, 1, 3), {}, {}).seconds, 0.01);
}

TEST(Summarise, TakesTheMaximumForP99BelowAHundredIterations) {
  Window window{.latencies_ms = {1, 1, 1, 9}, .units = 4, .seconds = 0.012};
  EXPECT_DOUBLE_EQ(summarise({window}).latency_p99_ms, 9);
  EXPECT_DOUBLE_EQ(summarise({window}).latency_p50_ms, 1);
}

TEST(Summarise, GivesAnIntervalFromTwoWindowsOn) {
  Window window{.latencies_ms = {1}, .units = 1, .seconds = 0.001, .joules_per_unit = 2};
  EXPECT_FALSE(summarise({window}).ci95.has_value());
  Window other = window;
  other.joules_per_unit = 2.1;
  const Measurement both = summarise({window, other});
  ASSERT_TRUE(both.ci95.has_value());
  EXPECT_LT(both.ci95->low, 2.05);
  EXPECT_GT(both.ci95->high, 2.05);
}

}  // namespace
}  // namespace autotune
