#pragma once
#include <memory>
#include <string>
#include <vector>

#include "autotune/device.hpp"
#include "autotune/energy.hpp"
#include "autotune/tuner.hpp"
#include "autotune/worker.hpp"

namespace autotune {

/// Which model file runs where, and how it is metered.
struct SessionOptions {
  WorkerOptions worker;  ///< Its `workload.device` is taken from `device`.
  Device device;
  MeterOptions meter;  ///< From `meter_options`.
};

/// The meters to open for `device`.
/// @param choice `auto`, `nvml`, `nvml:N`, `rapl` or `modelled`
/// @throws Error (usage) for other words
[[nodiscard]] MeterOptions meter_options(const Device& device, const std::string& choice);

/// The largest batch to try where the user names none: 1,024 on a GPU, 128 on a CPU.
[[nodiscard]] int default_max_batch(const Device& device) noexcept;

/// What measuring a model takes, held until the end: the device's lock, which keeps other tunes off
/// it (two would measure each other), the meters and the worker process, or the live workload.
class Session {
 public:
  /// Files that cannot work are refused before anything is started.
  /// @throws Error (model, inputs, device, meter, worker) for what is missing or in use
  explicit Session(const SessionOptions& options);

  /// The same for a workload of this process (`autotune/torch/live_model.hpp`): no worker is
  /// started.
  /// @param device where it runs
  /// @param meter from `meter_options`
  /// @throws Error (device, meter) for what is missing or in use
  Session(std::unique_ptr<Workload> workload, const Device& device, const MeterOptions& meter);
  Session(Session&&) noexcept;
  ~Session();

  [[nodiscard]] Workload& workload() noexcept;
  [[nodiscard]] const Device& device() const noexcept;
  [[nodiscard]] const std::vector<std::unique_ptr<EnergyMeter>>& meters() const noexcept;
  [[nodiscard]] Watch& watch() noexcept;
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept;  ///< Of the meters.

  /// Runs the self-test of each counter under this session's model, for `seconds` each at most.
  [[nodiscard]] std::vector<MeterFacts> test_meters(double seconds);

  /// Tests the ranking meter unless the cache knows it; one that fails makes way for the next
  /// source (docs/measuring.md#self-test), with a warning. `tune` and `measure` do so themselves.
  /// @throws Error (meter) if no source that the user allows passes
  void trust_meters(Effort effort);

  /// Windows of `effort` for the ranking meter, as its self-test found it.
  [[nodiscard]] MeasureOptions measure_options(Effort effort) const;

  /// `autotune::tune` on this session's device, its warnings first.
  /// @throws Error (constraints) if nothing measured meets them, naming the closest miss
  [[nodiscard]] TuneResult tune(TuneOptions options);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace autotune
