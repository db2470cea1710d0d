#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "autotune/device.hpp"
#include "autotune/workload.hpp"
#include "energy/self_test.hpp"

namespace autotune {

/// A model as the steady load of a self-test: it runs, a few milliseconds at a time, while it is
/// switched on. Nobody else may use the workload meanwhile.
class ModelLoad {
 public:
  /// Prepares the first arm that runs and warms it up, with a batch that is halved until an
  /// iteration is short enough to be switched in step with a counter, or the batch is 1.
  /// @param batch to begin with; 0: the largest up to 32 that the model takes
  /// @throws Error (model) if no arm runs: a test at rest would tell nothing
  ModelLoad(Workload& workload, int batch);
  ~ModelLoad();
  ModelLoad(const ModelLoad&) = delete;
  ModelLoad& operator=(const ModelLoad&) = delete;

  [[nodiscard]] Load load();
  [[nodiscard]] int batch() const noexcept { return batch_; }
  [[nodiscard]] TrialStatus status() const { return status_; }  ///< The last that was not `ok`.

 private:
  template <typename Change>
  void change(const Change& apply);
  /// Why it does not run; nothing if it does.
  [[nodiscard]] std::optional<std::string> warm_up(const Arm& arm, int most_batch);
  void run();

  Workload& workload_;
  int batch_ = 1;
  double iteration_seconds_ = 0;
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
