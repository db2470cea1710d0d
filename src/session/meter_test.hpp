#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "autotune/device.hpp"
#include "autotune/workload.hpp"
#include "energy/self_test.hpp"

namespace autotune {

/// A model as the steady load of a self-test: it runs, a few milliseconds at a time, while it is
/// switched on. Nobody else may use the workload meanwhile.
class ModelLoad {
 public:
  /// Prepares the first arm and warms it up.
  /// @param batch of an iteration; 0: the largest up to 32 that the model takes
  ModelLoad(Workload& workload, int batch);
  ~ModelLoad();
  ModelLoad(const ModelLoad&) = delete;
  ModelLoad& operator=(const ModelLoad&) = delete;

  [[nodiscard]] Load load();
  [[nodiscard]] TrialStatus status() const { return status_; }  ///< The last that was not `ok`.

 private:
  template <typename Change>
  void change(const Change& apply);
  void run();

  Workload& workload_;
  int batch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool on_ = false;
  bool ending_ = false;
  std::atomic<TrialStatus> status_ = TrialStatus::ok;
  std::thread thread_;
};

/// The self-test of one of a device's meters, an NVML counter beside instant power of its GPU.
/// @param options that `meter` was opened with
[[nodiscard]] MeterFacts test_meter(EnergyMeter& meter, const MeterOptions& options,
                                    const Device& device, const Load& load, double seconds);

}  // namespace autotune
