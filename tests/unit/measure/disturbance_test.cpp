#include "measure/disturbance.hpp"

#include <gmock/gmock.h>

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

TEST(Disturbances, AreNoneOnAQuietMachine) {
  EXPECT_THAT(disturbances({.seconds = 2, .waited_seconds = 0.01, .stolen_seconds = 0.01}),
              IsEmpty());
  EXPECT_THAT(disturbances({.seconds = 2}), IsEmpty());
}

TEST(Disturbances, AreForeignLoadWhereTheModelsThreadsWaitedForACpu) {
  EXPECT_THAT(disturbances({.seconds = 2, .waited_seconds = 0.3}), ElementsAre("foreign_load"));
}

TEST(Disturbances, GoByTheMachinesPressureWhereTheModelTellsNothing) {
  EXPECT_THAT(disturbances({.seconds = 2, .stalled_seconds = 0.3}), ElementsAre("foreign_load"));
  EXPECT_THAT(disturbances({.seconds = 2, .waited_seconds = 0.0, .stalled_seconds = 0.3}),
              IsEmpty());
}

TEST(Disturbances, AreStolenTimeWhereTheHypervisorTookTheCpus) {
  EXPECT_THAT(disturbances({.seconds = 2, .stolen_seconds = 0.2}), ElementsAre("stolen_time"));
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

}  // namespace
}  // namespace autotune
