// What a tune may spend, and what its parts get of it.
#include <gmock/gmock.h>

#include "autotune/tuner.hpp"
#include "support/synthetic_workload.hpp"
#include "vocabulary/json.hpp"

namespace autotune {
namespace {

using testing::FakeClock;
using testing::SyntheticMeter;
using testing::SyntheticWorkload;

constexpr double card_watts = 500;
constexpr std::size_t rounds_of_first_look = 5;

/// Tunes on a card that draws 500 W whenever it runs.
class TuneOfALargeCard : public ::testing::Test {
 protected:
  TuneOfALargeCard() { meters_.push_back(std::make_unique<SyntheticMeter>(clock_, workload_)); }

  TuneResult run(Effort effort, std::optional<double> joules) {
    options_.effort = effort;
    options_.budget.joules = joules;
    return tune(workload_, meters_, clock_, options_);
  }

  static double seconds(const Config& config) {
    const double speed = config.arm.precision == Precision::bf16 ? 0.5 : 1;
    return speed * (config.batch > 24 ? 1.3 : 1) * (0.004 + 0.001 * config.batch);
  }

  FakeClock clock_;
  SyntheticWorkload workload_{
      clock_,
      {Arm{}, Arm{.precision = Precision::bf16}},
      {.seconds = seconds, .watts = [](const Config&) { return card_watts; }, .noise_cv = 0.02}};
  std::vector<std::unique_ptr<EnergyMeter>> meters_;
  TuneOptions options_{.max_batch = 64};
};

std::size_t rounds(const TuneResult& result) { return result.best.measurement->windows.size(); }

TEST_F(TuneOfALargeCard, HasItsRaceWithoutALimitOfJoules) {
  const TuneResult result = run(Effort::standard, std::nullopt);
  EXPECT_GE(rounds(result), rounds_of_first_look);
  EXPECT_TRUE(result.complete);
  EXPECT_GT(result.spent.joules, 50'000);
}

TEST_F(TuneOfALargeCard, ConfirmsAtFullEffortWithoutALimitOfJoules) {
  const TuneResult result = run(Effort::full, std::nullopt);
  EXPECT_EQ(result.effort, Effort::full);
  EXPECT_TRUE(result.complete);
  EXPECT_GE(rounds(result), rounds_of_first_look);
}

TEST_F(TuneOfALargeCard, KeepsTheRacesJoulesBackWhereTheyAreScarcerThanTime) {
  for (const double joules : {40'000.0, 60'000.0, 90'000.0}) {
    const TuneResult result = run(Effort::standard, joules);
    EXPECT_GE(rounds(result), rounds_of_first_look) << joules;
    EXPECT_TRUE(result.complete) << joules;
    EXPECT_LT(result.spent.joules, 1.02 * joules);
  }
}

TEST_F(TuneOfALargeCard, KeepsTheConfirmationsJoulesBackToo) {
  for (const double joules : {150'000.0, 200'000.0, 250'000.0, 300'000.0}) {
    const TuneResult result = run(Effort::full, joules);
    EXPECT_TRUE(result.complete) << joules;
    EXPECT_GE(rounds(result), rounds_of_first_look) << joules;
    EXPECT_LT(result.spent.joules, 1.1 * joules);
  }
}

TEST_F(TuneOfALargeCard, SaysWhatItWasGranted) {
  const TuneResult asked = run(Effort::quick, 20'000);
  EXPECT_EQ(asked.budget.seconds, 60);
  EXPECT_EQ(asked.budget.joules, 20'000);
  EXPECT_EQ(run(Effort::quick, std::nullopt).budget.joules, std::nullopt) << "nobody tells";
  static_cast<SyntheticMeter&>(*meters_.front()).draws_at_most(card_watts);
  EXPECT_EQ(run(Effort::quick, std::nullopt).budget.joules, 60 * card_watts);
}

TEST(Race, HasItsTwoRoundsThoughItsWindowsTakeALittleLonger) {
  for (double iteration = 0.3; iteration < 1; iteration += 0.02) {
    FakeClock clock;
    SyntheticWorkload workload(
        clock, {Arm{}, Arm{.precision = Precision::bf16}}, {.seconds = [&](const Config& config) {
          const double speed = config.arm.precision == Precision::bf16 ? 0.9 : 1;
          return iteration * speed * (in_seconds(clock.now()) > 40 ? 1.06 : 1);
        }});
    std::vector<std::unique_ptr<EnergyMeter>> meters;
    meters.push_back(std::make_unique<SyntheticMeter>(clock, workload));
    EXPECT_TRUE(tune(workload, meters, clock, {.max_batch = 64, .effort = Effort::quick}).complete)
        << iteration;
  }
}

TEST(Budget, GoesByWhatTheDeviceCanDrawInItsSeconds) {
  EXPECT_EQ(Budget{}.joules_for(Effort::standard, 350), 105'000);
  EXPECT_EQ(Budget{.seconds = 90}.joules_for(Effort::standard, 600), 54'000);
  EXPECT_EQ(Budget{.joules = 1'000}.joules_for(Effort::full, 600), 1'000);
  EXPECT_EQ(Budget{}.joules_for(Effort::standard, std::nullopt), std::nullopt);
}

}  // namespace
}  // namespace autotune
