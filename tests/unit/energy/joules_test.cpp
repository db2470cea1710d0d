#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "autotune/energy.hpp"

namespace autotune {
namespace {

using std::chrono::milliseconds;

/// Readings every `poll_ms` of a counter that shows `joules_at` of the last multiple of `tick_ms`.
template <typename JoulesAt>
std::vector<Reading> polled_counter(int until_ms, int poll_ms, int tick_ms, JoulesAt joules_at) {
  std::vector<Reading> readings;
  for (int ms = 0; ms <= until_ms; ms += poll_ms) {
    readings.push_back({milliseconds(ms), joules_at(ms / tick_ms * tick_ms / 1000.0)});
  }
  return readings;
}

std::optional<double> counter_between(const std::vector<Reading>& readings, int begin_ms,
                                      int end_ms) {
  return joules_between(readings, ReadingKind::cumulative_joules, milliseconds(begin_ms),
                        milliseconds(end_ms));
}

std::optional<double> watts_between(const std::vector<Reading>& readings, int begin_ms,
                                    int end_ms) {
  return joules_between(readings, ReadingKind::watts, milliseconds(begin_ms), milliseconds(end_ms));
}

TEST(JoulesOfCounter, IsExactBetweenTicksAtConstantPower) {
  const auto readings = polled_counter(2000, 5, 100, [](double s) { return 40 + 300 * s; });
  // Neither edge is on a tick: the difference of the readings there would be off by up to 60 J.
  EXPECT_NEAR(counter_between(readings, 437, 1583).value(), 300 * 1.146, 1e-9);
}

TEST(JoulesOfCounter, ReachesEdgesBetweenAReadingAndTheNearestTick) {
  const auto readings = polled_counter(700, 5, 100, [](double s) { return 300 * s; });
  EXPECT_NEAR(counter_between(readings, 10, 690).value(), 300 * 0.68, 1e-9);
}

TEST(JoulesOfCounter, FollowsACounterFinerThanThePolling) {
  const std::vector<Reading> readings = {
      {milliseconds(0), 5}, {milliseconds(20), 6}, {milliseconds(40), 9}, {milliseconds(60), 10}};
  EXPECT_NEAR(counter_between(readings, 10, 50).value(), 9.5 - 5.5, 1e-12);
}

TEST(JoulesOfCounter, DoesNotTakeTheEndOfAGapInTheReadingsForATick) {
  auto readings = polled_counter(1500, 5, 100, [](double s) { return 40 + 300 * s; });
  std::erase_if(readings, [](const Reading& reading) {
    return reading.time > milliseconds(480) && reading.time < milliseconds(790);
  });
  // The value of 700 ms is first seen at 790 ms, which would be 27 J too late.
  EXPECT_NEAR(counter_between(readings, 150, 795).value(), 300 * 0.645, 1e-9);
  EXPECT_NEAR(counter_between(readings, 785, 1450).value(), 300 * 0.665, 1e-9);
}

TEST(JoulesOfCounter, TakesTwoReadingsAtTheEdgesOfALongWindow) {
  const std::vector<Reading> readings = {{milliseconds(0), 1000}, {milliseconds(10'000), 1500}};
  EXPECT_NEAR(counter_between(readings, 0, 10'000).value(), 500, 1e-12);
}

TEST(JoulesOfCounter, NeedsPollingNearTheEdgesOnly) {
  auto readings = polled_counter(6000, 5, 100, [](double s) { return 300 * s; });
  std::erase_if(readings, [](const Reading& reading) {
    return reading.time > milliseconds(700) && reading.time < milliseconds(5333);
  });
  // The change that shows at 5,333 ms latched up to 33 ms before: taken for a tick it would be off.
  EXPECT_NEAR(counter_between(readings, 437, 5583).value(), 300 * 5.146, 1e-9);
}

TEST(JoulesOfCounter, SaysNothingOfACounterThatStoppedWhileNobodyPolled) {
  auto readings = polled_counter(6000, 5, 100, [](double s) { return 300 * std::min(s, 2.0); });
  std::erase_if(readings, [](const Reading& reading) {
    return reading.time > milliseconds(700) && reading.time < milliseconds(5333);
  });
  EXPECT_FALSE(counter_between(readings, 437, 5583));
}

TEST(JoulesOfCounter, SaysNothingOfACounterThatFell) {
  const std::vector<Reading> readings = {
      {milliseconds(0), 10}, {milliseconds(100), 20}, {milliseconds(200), 3}};
  EXPECT_FALSE(counter_between(readings, 0, 200));
}

TEST(JoulesOfCounter, SaysNothingOfACounterThatNeverMoved) {
  const auto readings = polled_counter(2000, 20, 20, [](double) { return 1000.0; });
  EXPECT_FALSE(counter_between(readings, 100, 1900));
}

TEST(JoulesOfCounter, SaysNothingOfACounterThatStoppedOnTheWay) {
  const auto readings =
      polled_counter(2000, 20, 100, [](double s) { return 300 * std::min(s, 0.5); });
  EXPECT_FALSE(counter_between(readings, 100, 1900));
  EXPECT_TRUE(counter_between(readings, 100, 500));
}

TEST(JoulesOfCounter, SaysNothingWhereTheReadingsDoNotReach) {
  const auto readings = polled_counter(1000, 5, 100, [](double s) { return 300 * s; });
  EXPECT_FALSE(counter_between(readings, -1, 900));
  EXPECT_FALSE(counter_between(readings, 100, 1001));
  EXPECT_FALSE(counter_between(readings, 500, 500));
  EXPECT_FALSE(counter_between({}, 100, 900));
  EXPECT_FALSE(counter_between({readings[0]}, 0, 0));
}

TEST(JoulesOfWatts, IsExactOnALinearRamp) {
  std::vector<Reading> readings;
  for (int ms = 0; ms <= 1000; ms += 50) readings.push_back({milliseconds(ms), 100.0 + ms});
  // ∫(100 + 1000 t) dt from 0.123 s to 0.877 s
  const double expected = 100 * 0.754 + 500 * (0.877 * 0.877 - 0.123 * 0.123);
  EXPECT_NEAR(watts_between(readings, 123, 877).value(), expected, 1e-9);
}

TEST(JoulesOfWatts, CutsASingleSpanAtBothEdges) {
  const std::vector<Reading> readings = {{milliseconds(0), 10}, {milliseconds(1000), 10}};
  EXPECT_NEAR(watts_between(readings, 250, 750).value(), 5, 1e-12);
}

TEST(JoulesOfWatts, SaysNothingWhereTheReadingsDoNotReach) {
  const std::vector<Reading> readings = {{milliseconds(100), 10}, {milliseconds(1000), 10}};
  EXPECT_FALSE(watts_between(readings, 99, 500));
  EXPECT_FALSE(watts_between(readings, 500, 1001));
}

class ImplausibleReading : public ::testing::TestWithParam<double> {};

TEST_P(ImplausibleReading, VoidsTheWindow) {
  const std::vector<Reading> readings = {
      {milliseconds(0), 1}, {milliseconds(100), GetParam()}, {milliseconds(200), 3}};
  EXPECT_FALSE(watts_between(readings, 0, 200));
  EXPECT_FALSE(counter_between(readings, 0, 200));
}

INSTANTIATE_TEST_SUITE_P(Values, ImplausibleReading,
                         ::testing::Values(std::numeric_limits<double>::quiet_NaN(),
                                           std::numeric_limits<double>::infinity(), -1.0));

TEST(JoulesBetween, SaysNothingOfReadingsOutOfOrder) {
  const std::vector<Reading> readings = {
      {milliseconds(0), 1}, {milliseconds(200), 2}, {milliseconds(100), 3}, {milliseconds(300), 4}};
  EXPECT_FALSE(watts_between(readings, 0, 300));
  EXPECT_FALSE(counter_between(readings, 0, 300));
}

}  // namespace
}  // namespace autotune
