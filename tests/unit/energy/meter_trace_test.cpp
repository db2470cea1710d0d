#include "energy/meter_trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "energy/meter_facts.hpp"

namespace autotune {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::SizeIs;

constexpr auto counter = ReadingKind::cumulative_joules;

/// Polled every millisecond: a counter at 200 W that latches every `tick_ms`.
std::vector<Reading> ticking(int until_ms, int tick_ms) {
  std::vector<Reading> readings;
  for (int ms = 0; ms <= until_ms; ++ms) {
    readings.push_back({milliseconds(ms), 50 + 0.2 * (ms / tick_ms * tick_ms)});
  }
  return readings;
}

TEST(ChangePeriods, AreThoseOfTheCounterAndNotOfThePolling) {
  EXPECT_THAT(change_periods_ms(ticking(2050, 100)),
              AllOf(SizeIs(19), Each(DoubleNear(100, 1e-9))));
}

TEST(ChangePeriods, AreNoneOfACounterThatStandsStill) {
  EXPECT_TRUE(change_periods_ms(ticking(900, 1000)).empty());
}

TEST(LongestSilence, CountsTheEndsOfTheTrace) {
  EXPECT_NEAR(longest_silence_seconds(ticking(1050, 100)), 0.1, 1e-9);
  EXPECT_NEAR(longest_silence_seconds(ticking(900, 1000)), 0.9, 1e-9);
  auto stopped = ticking(1000, 100);
  stopped.push_back({milliseconds(3000), stopped.back().value});
  EXPECT_NEAR(longest_silence_seconds(stopped), 2, 1e-9);
  EXPECT_GT(longest_silence_seconds({}), 1e9);
}

TEST(MeanWatts, AreExactOverWholeTicks) {
  EXPECT_NEAR(mean_watts(ticking(737, 100), counter).value(), 200, 1e-9);
}

TEST(MeanWatts, AreNoneOfACounterThatFellOrHardlyMoved) {
  auto fallen = ticking(1000, 100);
  fallen.push_back({milliseconds(1001), 3});
  EXPECT_FALSE(mean_watts(fallen, counter));
  EXPECT_FALSE(mean_watts(ticking(150, 100), counter));
  EXPECT_FALSE(mean_watts({}, counter));
}

TEST(MeanWatts, IntegratePower) {
  const std::vector<Reading> readings = {
      {milliseconds(0), 100}, {milliseconds(100), 300}, {milliseconds(400), 300}};
  EXPECT_NEAR(mean_watts(readings, ReadingKind::watts).value(), (20 + 90) / 0.4, 1e-9);
}

TEST(RelativeSpread, IsTheRangeOverTheMean) {
  EXPECT_NEAR(relative_spread(std::vector<double>{90, 110, 100}), 0.2, 1e-12);
}

TEST(MeterFacts, SurviveTheirJson) {
  const MeterFacts facts{.source = EnergySource::nvml_counter,
                         .scope = EnergyScope::gpu,
                         .claimable = true,
                         .note = "Some GPU",
                         .advances = true,
                         .ticks = 29,
                         .update_period_ms = 100,
                         .load_watts = 301.5,
                         .call_p50_us = 12,
                         .call_p99_us = 40,
                         .seconds = 12.5,
                         .failures = {"it shows 3 W"}};
  EXPECT_EQ(Json::parse(Json(facts).dump()).get<MeterFacts>(), facts);
}

TEST(MeterFacts, SayNothingOfAPhaseThatWasNotTried) {
  EXPECT_FALSE(MeterFacts{}.duty_sampled());
  EXPECT_EQ(MeterFacts{.phase_spread = 0.01}.duty_sampled(), false);
  EXPECT_EQ(MeterFacts{.phase_spread = 0.6}.duty_sampled(), true);
}

}  // namespace
}  // namespace autotune
