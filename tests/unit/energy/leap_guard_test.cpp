#include "energy/leap_guard.hpp"

#include <gtest/gtest.h>

namespace autotune {
namespace {

using namespace std::chrono_literals;

constexpr double most_watts = 1000;

TEST(LeapGuard, PassesOnWhatTheDeviceCanDraw) {
  LeapGuard guard(most_watts);
  EXPECT_EQ(guard.checked({1s, 5e6}).value, 5e6);
  EXPECT_EQ(guard.checked({2s, 5e6 + 900}).value, 5e6 + 900);
  EXPECT_EQ(guard.checked({100s, 5e6 + 90'000}).value, 5e6 + 90'000);
}

TEST(LeapGuard, MakesALeapAFallSoThatItsWindowIsVoidAndTheNextIsNot) {
  LeapGuard guard(most_watts);
  std::vector<Reading> readings;
  for (int second = 0; second < 10; ++second) {
    const double leap = second < 5 ? 0 : 1e9;
    readings.push_back(guard.checked({std::chrono::seconds(second), 100 + 300.0 * second + leap}));
  }
  const auto joules = [&](std::chrono::seconds begin, std::chrono::seconds end) {
    const auto first = readings.begin() + begin.count();
    const auto last = readings.begin() + end.count() + 1;
    return joules_between({first, last}, ReadingKind::cumulative_joules, begin, end);
  };
  EXPECT_FALSE(joules(2s, 8s));
  EXPECT_NEAR(joules(5s, 9s).value(), 1200, 1e-9);
}

TEST(LeapGuard, LeavesAFallAFall) {
  LeapGuard guard(most_watts);
  EXPECT_EQ(guard.checked({1s, 5e6}).value, 5e6);
  EXPECT_EQ(guard.checked({2s, 10}).value, 10);
}

}  // namespace
}  // namespace autotune
