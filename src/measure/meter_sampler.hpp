#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "autotune/energy.hpp"

namespace autotune {

/// Reads meters from its construction to `stop`, each at its own edges and every poll period.
///
/// The thread lives as long as one window, so that nothing polls between windows; meters whose
/// edges suffice need none.
class MeterSampler {
 public:
  explicit MeterSampler(const std::vector<std::unique_ptr<EnergyMeter>>& meters);
  ~MeterSampler();
  MeterSampler(const MeterSampler&) = delete;
  MeterSampler& operator=(const MeterSampler&) = delete;

  /// Takes the last readings; one list per meter, in the order of the meters.
  [[nodiscard]] std::vector<std::vector<Reading>> stop();

 private:
  void poll();
  void read_all();

  const std::vector<std::unique_ptr<EnergyMeter>>& meters_;
  std::vector<std::vector<Reading>> readings_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace autotune
