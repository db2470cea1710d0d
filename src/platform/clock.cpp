#include "autotune/clock.hpp"

#include <time.h>

#include <thread>

namespace autotune {

Timestamp SteadyClock::now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void SteadyClock::sleep_for(std::chrono::nanoseconds span) { std::this_thread::sleep_for(span); }

}  // namespace autotune
