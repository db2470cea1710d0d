#include "autotune/clock.hpp"

#include <gtest/gtest.h>
#include <time.h>

namespace autotune {
namespace {

TEST(SteadyClock, IsTheClockThatAllProcessesShare) {
  const auto monotonic = [] {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  };
  const Timestamp before = monotonic();
  const Timestamp now = SteadyClock().now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, monotonic());
}

TEST(SteadyClock, SleepsAtLeastAsLongAsAsked) {
  SteadyClock clock;
  const Timestamp before = clock.now();
  clock.sleep_for(std::chrono::milliseconds(5));
  EXPECT_GE(clock.now() - before, std::chrono::milliseconds(5));
}

}  // namespace
}  // namespace autotune
