// Whatever a worker does to itself, the tune goes on and answers from what works.
#include <gmock/gmock.h>

#include "autotune/error.hpp"
#include "autotune/tuner.hpp"
#include "autotune/worker.hpp"
#include "fakes/file_tree.hpp"
#include "support/fake_clock.hpp"

namespace autotune {
namespace {

using testing::FakeClock;
using testing::FileTree;
using ::testing::HasSubstr;

constexpr int trigger_batch = 13;  // As in tests/fakes/scripted_worker.cpp.

struct Mishap {
  const char* name;
  TrialStatus status;
  const char* reason;
};

void PrintTo(const Mishap& mishap, std::ostream* out) { *out << mishap.name; }

/// The worker's runs on a clock of the test, which they move: they take no time of their own.
class OnFakeClock final : public Workload {
 public:
  OnFakeClock(Workload& worker, FakeClock& clock) : worker_(worker), clock_(clock) {}
  Description describe() override { return worker_.describe(); }
  Prepared prepare(const PrepareRequest& request) override { return worker_.prepare(request); }
  RunResult run(const RunRequest& request) override {
    RunResult result = worker_.run(request);
    if (result.completions.empty()) return result;
    const Timestamp shift = clock_.now() - result.start;
    result.start += shift;
    for (Timestamp& time : result.completions) time += shift;
    clock_.sleep_for(result.completions.back() - result.start);
    return result;
  }

 private:
  Workload& worker_;
  FakeClock& clock_;
};

/// A counter of a device that draws ten watts.
class TenWatts final : public EnergyMeter {
 public:
  explicit TenWatts(FakeClock& clock) : clock_(clock) {
    info_.source = EnergySource::rapl;
    info_.poll_period = std::chrono::nanoseconds(0);
  }
  [[nodiscard]] const MeterInfo& info() const override { return info_; }
  [[nodiscard]] std::optional<Reading> read() override {
    return Reading{clock_.now(), 10 * in_seconds(clock_.now())};
  }

 private:
  FakeClock& clock_;
  MeterInfo info_;
};

class ScriptedTune {
 protected:
  TuneResult tune(const std::string& fault, TuneOptions options) {
    FakeClock clock;
    std::vector<std::unique_ptr<EnergyMeter>> meters;
    meters.push_back(std::make_unique<TenWatts>(clock));
    const auto worker = start_worker({.workload = {.model = folder_.root() / (fault + ".pt")},
                                      .executable = SCRIPTED_WORKER,
                                      .prepare_seconds = 0.5,
                                      .first_run_seconds = 0.5,
                                      .reply_seconds = 0.5,
                                      .least_reply_seconds = 0.5});
    options.min_batch = 11;
    options.max_batch = 15;
    options.searcher = "sweep";
    options.effort = Effort::quick;
    options.budget.seconds = 30;
    OnFakeClock workload(*worker, clock);
    return autotune::tune(workload, meters, clock, options);
  }

  FileTree folder_;
};

class TuneUnderFault : public ScriptedTune, public ::testing::TestWithParam<Mishap> {};
class TuneUnderError : public ScriptedTune, public ::testing::Test {};

const Trial* find(const TuneResult& result, const Config& config) {
  const auto found = std::ranges::find(result.trials, config, &Trial::config);
  return found == result.trials.end() ? nullptr : &*found;
}

TEST_P(TuneUnderFault, ItsTrialSaysSoAndTheOthersGiveTheAnswer) {
  const Mishap& mishap = GetParam();
  const TuneResult result = tune(mishap.name, {});
  const Trial* const failed = find(result, {trigger_batch, Arm{}});
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->status, mishap.status);
  EXPECT_THAT(failed->reason, HasSubstr(mishap.reason));
  EXPECT_EQ(result.best.config.arm.precision, Precision::fp32);
  EXPECT_NE(result.best.config.batch, trigger_batch);
  // The other arm cannot even be prepared.
  const Trial* const unprepared = find(result, {1, Arm{.precision = Precision::int8}});
  ASSERT_NE(unprepared, nullptr);
  EXPECT_EQ(unprepared->status, mishap.status);
  // Where the memory did not suffice or time ran out, larger batches are not tried.
  const bool teaches_a_frontier = mishap.status != TrialStatus::crashed;
  for (const int batch : {11, 12, 14, 15}) {
    if (teaches_a_frontier && batch > trigger_batch) continue;
    ASSERT_NE(find(result, {batch, Arm{}}), nullptr) << batch;
    EXPECT_EQ(find(result, {batch, Arm{}})->status, TrialStatus::ok) << batch;
  }
  EXPECT_TRUE(result.complete);
}

INSTANTIATE_TEST_SUITE_P(
    OfAWorker, TuneUnderFault,
    ::testing::Values(Mishap{"abort", TrialStatus::crashed, "assertion failed: the end"},
                      Mishap{"segfault", TrialStatus::crashed, "signal 11"},
                      Mishap{"killed", TrialStatus::out_of_memory, "signal 9"},
                      Mishap{"exit", TrialStatus::crashed, "exited with status 7"},
                      Mishap{"poisoned_context", TrialStatus::crashed, "illegal memory access"},
                      Mishap{"hang", TrialStatus::timed_out, "no answer within"},
                      Mishap{"garbage", TrialStatus::crashed, "Loading weights"},
                      Mishap{"half_line", TrialStatus::crashed, "half a message"},
                      Mishap{"closed_output", TrialStatus::crashed, "closed its output"},
                      Mishap{"flood_wire", TrialStatus::crashed, "more than 16777216 bytes"},
                      Mishap{"throws", TrialStatus::crashed, "shape mismatch"},
                      Mishap{"bad_alloc", TrialStatus::out_of_memory, "bad_alloc"}),
    [](const ::testing::TestParamInfo<Mishap>& test) { return std::string(test.param.name); });

TEST_F(TuneUnderError, AFloodOfWordsIsNoFault) {
  const TuneResult result = tune("flood_stderr", {});
  EXPECT_EQ(find(result, {trigger_batch, Arm{}})->status, TrialStatus::ok);
}

// The tune ends, but what was measured until then is not lost.
TEST_F(TuneUnderError, AnErrorOfTheWorkerLeavesWhatWasMeasured) {
  const TuneResult result = tune("broken_worker", {});
  EXPECT_FALSE(result.complete);
  EXPECT_EQ(result.best.config.arm.precision, Precision::fp32);
  ASSERT_FALSE(result.warnings.empty());
  EXPECT_THAT(result.warnings.back(), HasSubstr("the license server is gone"));
}

}  // namespace
}  // namespace autotune
