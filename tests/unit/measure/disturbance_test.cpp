#include "measure/disturbance.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "measure/runner.hpp"
#include "support/synthetic_workload.hpp"

namespace autotune {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::IsEmpty;
using testing::SyntheticMeter;
using testing::SyntheticWorkload;

std::vector<std::string> objections(const Beside& beside) { return remarks_on(beside).objections; }

TEST(Disturbances, AreNoneOnAQuietMachine) {
  EXPECT_THAT(objections({.seconds = 2, .waited_seconds = 0.01, .stolen_seconds = 0.01}),
              IsEmpty());
  EXPECT_THAT(objections({.seconds = 2}), IsEmpty());
}

TEST(Disturbances, AreForeignLoadWhereTheModelsThreadsWaitedForACpu) {
  EXPECT_THAT(objections({.seconds = 2, .waited_seconds = 0.3}), ElementsAre("foreign_load"));
}

TEST(Disturbances, GoByTheMachinesPressureWhereTheModelTellsNothing) {
  EXPECT_THAT(objections({.seconds = 2, .stalled_seconds = 0.3}), ElementsAre("foreign_load"));
  EXPECT_THAT(objections({.seconds = 2, .waited_seconds = 0.0, .stalled_seconds = 0.3}), IsEmpty());
}

TEST(Disturbances, AreStolenTimeWhereTheHypervisorTookTheCpus) {
  EXPECT_THAT(objections({.seconds = 2, .stolen_seconds = 0.2}), ElementsAre("stolen_time"));
}

TEST(Disturbances, NameWhatHeldAGpuBack) {
  EXPECT_THAT(objections({.seconds = 5, .thermal_throttle_seconds = 0.1}),
              ElementsAre("thermal_throttle"));
  EXPECT_THAT(objections({.seconds = 5, .power_brake_seconds = 0.1}), ElementsAre("power_brake"));
  EXPECT_THAT(objections({.seconds = 5, .clock_ratio = 0.95}), ElementsAre("clock_drift"));
  EXPECT_THAT(objections({.seconds = 5, .foreign_processes = true}),
              ElementsAre("foreign_process"));
}

TEST(Disturbances, DoNotIncludeThePowerCapNorTheClocksItMoves) {
  const Remarks remarks = remarks_on({.seconds = 5, .power_cap_seconds = 3, .clock_ratio = 0.9});
  EXPECT_THAT(remarks.objections, IsEmpty());
  EXPECT_THAT(remarks.notes, ElementsAre("power_capped"));
}

TEST(Disturbances, DoNotIncludeAWarmingCardNorTheClockThatItLowers) {
  const Remarks remarks = remarks_on({.seconds = 5, .temperature_rise_k = 4, .clock_ratio = 0.95});
  EXPECT_THAT(remarks.objections, IsEmpty());
  EXPECT_THAT(remarks.notes, ElementsAre("temperature_drift"));
}

TEST(Disturbances, AreToldFromNotesByTheirFlag) {
  EXPECT_FALSE(is_objection("temperature_drift"));
  EXPECT_TRUE(is_objection("foreign_load"));
  EXPECT_FALSE(is_objection("power_capped"));
  EXPECT_FALSE(is_objection("not_settled"));
}

TEST(Beside, IsAbsentWhereOneOfTheReadingsIs) {
  const Beside nothing = beside({.stalled = 3s}, {.stolen = 1s}, 2, std::nullopt);
  EXPECT_FALSE(nothing.stalled_seconds);
  EXPECT_FALSE(nothing.stolen_seconds);
}

/// Time is stolen during the first `bad_runs` windows.
class StealingWatch final : public Watch {
 public:
  explicit StealingWatch(int bad_runs) : bad_readings_(2 * bad_runs) {}
  [[nodiscard]] Circumstances read() override {
    if (readings_++ < bad_readings_) stolen_ += 1s;
    return {.stolen = stolen_};
  }

 private:
  int bad_readings_;
  int readings_ = 0;
  std::chrono::nanoseconds stolen_{0};
};

/// A card that heats at 3 K/s and lowers its clock by 15 MHz for every 2 K.
class HeatingWatch final : public Watch {
 public:
  explicit HeatingWatch(FakeClock& clock) : clock_(clock), start_(clock.now()) {}
  [[nodiscard]] Circumstances read() override {
    const double risen = 3 * in_seconds(clock_.now() - start_);
    return {.temperature_c = 40 + risen, .sm_clock_mhz = 1980 - 15 * std::floor(risen / 2)};
  }

 private:
  FakeClock& clock_;
  Timestamp start_;
};

struct WatchedRunner {
  explicit WatchedRunner(int bad_runs) : watch(bad_runs) {}
  static std::vector<std::unique_ptr<EnergyMeter>> only(std::unique_ptr<EnergyMeter> meter) {
    std::vector<std::unique_ptr<EnergyMeter>> meters;
    meters.push_back(std::move(meter));
    return meters;
  }
  FakeClock clock;
  SyntheticWorkload workload{clock, {Arm{}}, {.seconds = [](const Config&) { return 0.01; }}};
  std::vector<std::unique_ptr<EnergyMeter>> meters =
      only(std::make_unique<SyntheticMeter>(clock, workload));
  StealingWatch watch;
  Runner runner{workload, meters, {.max_repeats = 2}, workload.description(), &watch};
};

TEST(DisturbedWindow, IsTakenAgainAndNotFlaggedOnceItIsQuiet) {
  WatchedRunner bench(2);
  EXPECT_THAT(bench.runner.window({4, Arm{}}).flags, IsEmpty());
}

TEST(DisturbedWindow, IsFlaggedAfterTwoRepeats) {
  WatchedRunner bench(100);
  EXPECT_THAT(bench.runner.window({4, Arm{}}).flags, Contains("stolen_time"));
  const auto before = bench.workload.calls().size();
  (void)bench.runner.window({4, Arm{}});
  EXPECT_EQ(bench.workload.calls().size(), before + 3);
}

TEST(WarmingCard, IsMeasuredOncePerWindow) {
  FakeClock clock;
  SyntheticWorkload workload{clock, {Arm{}}, {.seconds = [](const Config&) { return 0.01; }}};
  const auto meters = WatchedRunner::only(std::make_unique<SyntheticMeter>(clock, workload));
  HeatingWatch watch(clock);
  Runner runner(workload, meters, {.window_seconds = 2, .max_repeats = 2}, workload.description(),
                &watch);
  (void)runner.settle({4, Arm{}}, 0.1);
  const auto before = workload.calls().size();
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(runner.window({4, Arm{}}).flags, ElementsAre("temperature_drift"));
  }
  EXPECT_EQ(workload.calls().size(), before + 5);
}

}  // namespace
}  // namespace autotune
