#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autotune/device.hpp"
#include "autotune/energy.hpp"
#include "autotune/searcher.hpp"
#include "autotune/trial.hpp"
#include "autotune/watch.hpp"
#include "autotune/workload.hpp"

namespace autotune {

/// How much care a tune takes: `quick` screens in a minute and claims nothing, `standard` races and
/// gives intervals, `full` confirms at steady temperature.
enum class Effort { quick, standard, full };

[[nodiscard]] std::string_view to_string(Effort effort) noexcept;
[[nodiscard]] std::optional<Effort> parse_effort(std::string_view text) noexcept;

/// The most careful effort up to `wanted` whose windows so many seconds can hold.
[[nodiscard]] Effort affordable(Effort wanted, double seconds) noexcept;

/// Limits on the answer.
struct Constraints {
  std::optional<double> max_latency_ms;  ///< On p99; the maximum below 100 iterations.
  std::optional<std::uint64_t> max_memory_bytes;
  double min_cosine = 0.999;              ///< Of the worst row against true FP32.
  std::optional<double> max_relative_l2;  ///< By default √(2(1 − min_cosine)), 0.045 at 0.999.

  double min_coverage = 0.5;  ///< An arm that reaches less of the matrix FLOPs is `unsupported`.

  [[nodiscard]] double relative_l2_limit() const noexcept;

  /// Finite outputs, cosine and L2 within the limits.
  [[nodiscard]] bool accepts(const Accuracy& accuracy) const noexcept;
};

/// Limits on the search itself. A share of a tune, such as the race's, is kept back of both.
struct Budget {
  /// Wall time of the whole tune, counted from `started`; absent: 60, 300 or 1,800 s by effort.
  std::optional<double> seconds;
  std::optional<double> joules;  ///< Of the ranking meter; absent: the seconds alone decide.

  [[nodiscard]] double seconds_for(Effort effort) const noexcept;

  /// The joules, or where they are absent what the device can draw in the seconds: nothing where
  /// nobody tells what that is.
  [[nodiscard]] std::optional<double> joules_for(
      Effort effort, const std::optional<double>& most_watts) const noexcept;
};

/// How windows are measured (docs/measuring.md#windows).
struct MeasureOptions {
  double window_seconds = 0.7;   ///< Aim of one window.
  int min_iterations = 3;        ///< Per window, however long they take.
  double warm_up_seconds = 0.2;  ///< At least, and until memory has settled.
  double max_warm_up_seconds = 3;
  int min_ticks = 20;         ///< Per window, of a counter that is polled: n ticks leave 1/n error.
  double tick_seconds = 0.1;  ///< Update period of that counter.
  double poll_seconds = 0.005;  ///< Of that counter near a window's edges, at most so often.
  bool duty_sampled = false;    ///< Its sensor sees part of each period: windows go in bursts.
  int max_repeats = 2;          ///< Of a window that something disturbed; then it is flagged.

  /// `quick` 0.5 s, `standard` 2 s, `full` 5 s (research: 2 s screen, 5 s decide).
  /// @param facts of the ranking meter, where it was tested
  [[nodiscard]] static MeasureOptions for_effort(
      Effort effort, const std::optional<MeterFacts>& facts = std::nullopt) noexcept;
};

/// What to tell somebody who watches.
struct Progress {
  int trials = 0;                  ///< Configurations measured so far.
  std::size_t configurations = 0;  ///< In the space.
  double seconds = 0;              ///< Spent.
  double budget_seconds = 0;
  std::optional<Trial> best;  ///< So far.
  std::string activity;       ///< E.g. `batch=8,precision=fp32,layout=plain`.
};

/// Something that happened in a tune, for logs and other programs (docs/json.md).
struct TuneEvent {
  std::string type;    ///< A step: `prepare`, `fit`, `probe`, `window`, `settle`, `soak`; or
                       ///< `rejected`: a window that something disturbed and that is taken again.
  std::string phase;   ///< What for: `baselines`, `survey`, `search`, `curve`, `race`, `confirm`.
  double seconds = 0;  ///< Spent by the tune until then.
  double joules = 0;
  Config config;
  TrialStatus status = TrialStatus::ok;
  std::string reason;
  std::optional<double> joules_per_unit;
  std::optional<double> latency_ms;  ///< Median of the iterations.
  std::vector<std::string> flags;    ///< Of a rejected window: why.
  bool resumed = false;              ///< Taken from the journal of an earlier run.
};

struct TuneOptions {
  int min_batch = 1;
  int max_batch = 128;
  std::vector<Precision> precisions;  ///< Empty: all there are.
  std::vector<Layout> layouts;        ///< Empty: all there are.
  std::vector<int> threads;           ///< Each tried in every arm; empty: as the process is.
  std::optional<Config> baseline;     ///< What runs today; by default FP32 at batch 1.
  Constraints constraints;
  Budget budget;
  Effort effort = Effort::standard;
  std::string searcher;  ///< Empty: the default one.
  /// Trials of an earlier tune of the workload, mostly on other hardware: where to look first,
  /// never what to answer. `Session` takes them from the profiles there are.
  std::function<std::vector<Trial>(const WorkloadId&)> earlier_trials;
  std::uint64_t seed = 0;
  Device device;                          ///< For the profile's key.
  std::optional<MeterFacts> meter_facts;  ///< Of the ranking meter, from its self-test.
  Watch* watch = nullptr;                 ///< Of what else moves a figure; null: not watched.
  std::optional<Timestamp> started;       ///< Of the program; by default when `tune` is called.
  std::function<void(const Progress&)> on_progress;
  std::function<void(const TuneEvent&)> on_event;
  std::filesystem::path journals;  ///< Folder that keeps every finished step; empty: none does.
  bool resume = false;             ///< Go on with the newest journal of this workload and device.
  std::function<bool()> stop_requested;  ///< True ends the tune with what it has.
};

/// A named configuration to compare with, and what the best one saves against it.
struct Baseline {
  std::string
      name;  ///< `incumbent`, `fp32_batch_1`, `fp32_smallest_batch`, `fastest`, `largest_batch`.
  Trial trial;
  double saving = 0;  ///< 1 − J/unit of the best over that of this one.
  std::optional<Interval> saving_ci95;
};

struct Spent {
  double seconds = 0;
  double joules = 0;
  int trials = 0;
};

/// Everything a tune found out.
struct TuneResult {
  Description workload;
  HardwareKey key;
  Device device;
  MeterInfo meter;
  Effort effort = Effort::standard;
  Constraints constraints;
  Budget budget;  ///< As granted. Joules are absent where nobody tells what the device can draw.
  std::uint64_t seed = 0;
  std::string searcher;
  std::string search_ended;   ///< Why the search ended, in a few words.
  double search_seconds = 0;  ///< Of `spent.seconds`, those until then; race and curve came after.
  Trial best;
  std::optional<Trial> lossy_best;  ///< What a looser accuracy limit would save beyond `best`.
  std::vector<Baseline> baselines;
  std::vector<Trial> ties;    ///< Not told apart from the best.
  std::vector<Trial> trials;  ///< All of them, in order of first measurement.
  Spent spent;
  std::optional<double> pays_back_after_units;  ///< Nothing if the incumbent is the best.
  int resumed_steps = 0;                        ///< Taken from the journal of an earlier run.
  bool complete = true;    ///< False after an interruption or a left-out incumbent or confirmation.
  bool resumable = false;  ///< It was stopped, and its journal is there to go on with.
  std::vector<std::string> warnings;
};

/// The arms that a tune with these options tries: those of the description that the options name,
/// each with every thread count that they name.
/// @throws Error (usage) for a thread count that this process may not use, (constraints) if there
/// is no such arm, naming why others cannot run
[[nodiscard]] std::vector<Arm> arms_to_try(const Description& description,
                                           const TuneOptions& options);

/// Finds the configuration of `workload` with the least energy per unit.
/// @param meters the ranking one first, as `open_meters` gives them
/// @throws Error (constraints) if nothing measured meets them, naming the closest miss
[[nodiscard]] TuneResult tune(Workload& workload,
                              const std::vector<std::unique_ptr<EnergyMeter>>& meters, Clock& clock,
                              const TuneOptions& options);

/// One configuration by the same protocol: no search, no limits; `inaccurate` by the default ones
/// is a status beside the figures.
/// @param description what `workload.describe()` gave
/// @param watch null: nothing is watched
[[nodiscard]] Trial measure(Workload& workload, const Description& description,
                            const std::vector<std::unique_ptr<EnergyMeter>>& meters,
                            const Config& config, const MeasureOptions& options, int windows = 3,
                            Watch* watch = nullptr);

}  // namespace autotune
