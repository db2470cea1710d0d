#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "autotune/energy.hpp"

namespace autotune {

/// The middle of a window, from the start of sampling: counters are left alone there, since only
/// their changes near the two edges tell where the edges lie.
struct QuietSpan {
  std::chrono::nanoseconds begin{0};
  std::chrono::nanoseconds end{0};
};

/// Reads meters from its construction to `stop`, each at its own edges and every poll period;
/// counters not in the quiet span.
///
/// The thread lives as long as one window, so that nothing polls between windows; meters whose
/// edges suffice need none.
class MeterSampler {
 public:
  /// @param least_period counters are polled no more often than this, nor than they ask for
  explicit MeterSampler(const std::vector<std::unique_ptr<EnergyMeter>>& meters,
                        QuietSpan quiet = {}, std::chrono::nanoseconds least_period = {});
  ~MeterSampler();
  MeterSampler(const MeterSampler&) = delete;
  MeterSampler& operator=(const MeterSampler&) = delete;

  /// Takes the last readings; one list per meter, in the order of the meters.
  [[nodiscard]] std::vector<std::vector<Reading>> stop();

  /// Time that the readings themselves took so far.
  [[nodiscard]] std::chrono::nanoseconds cost() const noexcept { return cost_; }

 private:
  using Time = std::chrono::steady_clock::time_point;

  void poll();
  void read(std::size_t meter);
  void read_all();
  void finish();
  [[nodiscard]] bool polls(std::size_t meter) const;
  [[nodiscard]] std::chrono::nanoseconds period_of(std::size_t meter) const;
  [[nodiscard]] Time next_after(Time time, std::size_t meter) const;

  const std::vector<std::unique_ptr<EnergyMeter>>& meters_;
  QuietSpan quiet_;
  std::chrono::nanoseconds least_period_;
  Time started_;
  std::vector<std::vector<Reading>> readings_;
  std::chrono::nanoseconds cost_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace autotune
