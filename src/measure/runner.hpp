#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autotune/tuner.hpp"
#include "autotune/watch.hpp"
#include "measure/meter_sampler.hpp"
#include "measure/window.hpp"

namespace autotune {

/// How far the batch of a soak may grow.
struct SoakLimits {
  int most_batch = 0;              ///< The tune's largest; 0: that of the configuration is kept.
  std::uint64_t memory_bytes = 0;  ///< Of the device; 0: not known.
};

/// Measures configurations of one workload by the protocol of docs/measuring.md.
///
/// Every configuration starts from the same state: a change of configuration brings the allocators
/// back to where they were after start-up and warms up until they take no more memory.
class Runner {
 public:
  /// @param meters the ranking one first. Empty: windows tell latency and memory alone, and are as
  ///        short as `options` say, without the ticks and rolls that a counter needs.
  Runner(Workload& workload, const std::vector<std::unique_ptr<EnergyMeter>>& meters,
         MeasureOptions options, const Description& description, Watch* watch = nullptr,
         Clock* clock = nullptr);

  /// Makes the arm current and compares its outputs with true FP32.
  [[nodiscard]] Prepared check(const Arm& arm, int accuracy_batch);

  /// One window of `config`; switches the arm and warms up where needed. A window that something
  /// disturbed is taken again, at most `max_repeats` times, and flagged if none was undisturbed.
  [[nodiscard]] Window window(const Config& config);

  /// What a few iterations tell without a window: status, latencies, memory; no energy. The first
  /// iteration, in fresh memory, warms up and counts only where `iterations` is 0 or none followed
  /// within half a second.
  [[nodiscard]] Window probe(const Config& config, int iterations);

  /// Called with each window that is thrown away and taken again; its flags say why.
  void on_rejected(std::function<void(const Config&, const Window&)> tell) {
    tell_rejected_ = std::move(tell);
  }

  /// Runs `config` for so long without measuring; false if it failed.
  bool settle(const Config& config, double seconds);

  /// Runs the arm of `config` until the device's temperature moves by less than 1 K in 5 s, for 15
  /// s at least and `most_seconds` at most; does nothing where nobody tells the temperature.
  ///
  /// A small batch warms nothing: it is doubled from 1 on while it runs, an iteration takes less
  /// than half a second and twice its memory is there.
  void soak(const Config& config, double most_seconds, const SoakLimits& limits = {});

 private:
  /// What a soak runs, and how long finding it took.
  struct Warming {
    Config config;
    double seconds = 0;
  };
  [[nodiscard]] Warming warming(const Config& config, double most_seconds,
                                const SoakLimits& limits);
  [[nodiscard]] RunResult look_at(const Config& config);
  [[nodiscard]] std::optional<Window> switch_to(const Config& config);
  [[nodiscard]] std::optional<Window> load(const Arm& arm);
  [[nodiscard]] std::optional<Window> warm_up(const Config& config);
  /// Iterations before the window, in it and after it, without a gap: a counter's change is needed
  /// on both sides of each edge, under the same load.
  struct Plan {
    int before = 0;
    int window = 0;
    int after = 0;
    [[nodiscard]] int all() const noexcept { return before + window + after; }
  };
  [[nodiscard]] Plan plan(int batch) const;
  [[nodiscard]] bool needs_bursts(const Plan& plan) const;
  [[nodiscard]] Window measure_in_bursts(const Config& config, const Plan& plan, Timestamp tick);
  [[nodiscard]] std::optional<Timestamp> next_tick();
  [[nodiscard]] RunResult burst(const Config& config, int iterations);
  void forget_arm();
  [[nodiscard]] std::chrono::nanoseconds poll_period() const;
  [[nodiscard]] QuietSpan quiet_span(const Plan& plan) const;
  [[nodiscard]] int iterations_for(double seconds) const;
  [[nodiscard]] Window measure(const Config& config);
  [[nodiscard]] Window measure(const Config& config, const Plan& wanted);
  void judge(Window& window, const RunResult& run, const Circumstances& before,
             const Config& config);
  [[nodiscard]] double clock_ratio(const Circumstances& now, const Config& config);
  [[nodiscard]] Circumstances circumstances();
  void take_rows(const RunResult& run, int batch);

  Workload& workload_;
  const std::vector<std::unique_ptr<EnergyMeter>>& meters_;
  std::vector<MeterInfo> meter_infos_;
  bool polls_ = false;  ///< A meter needs polling, so that windows have rolls on both sides.
  Watch* watch_;        ///< Null: nothing is watched.
  Clock& clock_;
  MeasureOptions options_;
  double tick_seconds_;  ///< Of the counter as it is polled: no shorter than the polling.
  int rows_;
  std::optional<Arm> arm_;        ///< Prepared now.
  std::optional<Config> config_;  ///< Warmed up now.
  double iteration_seconds_ = 0;  ///< Of `config_`, from its warm-up or last window.
  bool settled_ = true;           ///< Whether memory stopped growing in the warm-up.
  std::int64_t next_row_ = 0;
  std::function<void(const Config&, const Window&)> tell_rejected_;
  struct SeenClock {
    double mhz;
    std::optional<double> temperature_c;
  };
  std::map<std::string, std::vector<SeenClock>> clocks_;  ///< Of windows, by configuration.
};

}  // namespace autotune
