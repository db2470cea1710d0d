#pragma once
#include <atomic>

#include "autotune/clock.hpp"

namespace autotune::testing {

/// Time that passes only when something says so.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() override { return Timestamp(now_ns_.load()); }
  void sleep_for(std::chrono::nanoseconds span) override { now_ns_ += span.count(); }

 private:
  std::atomic<std::int64_t> now_ns_{1'000'000'000};
};

}  // namespace autotune::testing
