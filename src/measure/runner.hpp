#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "autotune/tuner.hpp"
#include "measure/window.hpp"

namespace autotune {

/// Measures configurations of one workload by the protocol of docs/measuring.md.
///
/// Every configuration starts from the same state: a change of configuration brings the allocators
/// back to where they were after start-up and warms up until they take no more memory.
class Runner {
 public:
  Runner(Workload& workload, const std::vector<std::unique_ptr<EnergyMeter>>& meters,
         MeasureOptions options, const Description& description);

  /// Makes the arm current and compares its outputs with true FP32.
  [[nodiscard]] Prepared check(const Arm& arm, int accuracy_batch);

  /// One window of `config`; switches the arm and warms up where needed.
  [[nodiscard]] Window window(const Config& config);

 private:
  [[nodiscard]] std::optional<Window> switch_to(const Config& config);
  [[nodiscard]] std::optional<Window> warm_up(const Config& config);
  [[nodiscard]] int iterations_per_window(int batch) const;
  [[nodiscard]] Window measure(const Config& config);
  void take_rows(const RunResult& run, int batch);

  Workload& workload_;
  const std::vector<std::unique_ptr<EnergyMeter>>& meters_;
  std::vector<MeterInfo> meter_infos_;
  MeasureOptions options_;
  int rows_;
  std::optional<Arm> arm_;        ///< Prepared now.
  std::optional<Config> config_;  ///< Warmed up now.
  double iteration_seconds_ = 0;  ///< Of `config_`, from its warm-up.
  bool settled_ = true;           ///< Whether memory stopped growing in the warm-up.
  std::int64_t next_row_ = 0;
};

}  // namespace autotune
