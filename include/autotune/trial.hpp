#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "autotune/config.hpp"
#include "autotune/energy.hpp"

namespace autotune {

/// How trying one configuration ended. Everything but `ok` is data for the search, not an error.
enum class TrialStatus {
  ok,
  out_of_memory,
  inaccurate,  ///< Outputs outside the accuracy limits; it may still have been measured.
  too_slow,    ///< Over the latency limit; it was measured.
  crashed,
  timed_out,
  unsupported,
};

[[nodiscard]] std::string_view to_string(TrialStatus status) noexcept;
[[nodiscard]] std::optional<TrialStatus> parse_trial_status(std::string_view text) noexcept;

/// Closed interval, here always a 95 % confidence interval.
struct Interval {
  double low = 0;
  double high = 0;

  friend bool operator==(const Interval&, const Interval&) = default;
};

/// Energy of one scope, per unit of work.
struct EnergyPerUnit {
  EnergyScope scope = EnergyScope::cpu_package;
  EnergySource source = EnergySource::none;
  double joules_per_unit = 0;

  friend bool operator==(const EnergyPerUnit&, const EnergyPerUnit&) = default;
};

/// What the windows of one configuration gave.
struct Measurement {
  std::optional<double> joules_per_unit;  ///< Of the ranking scope; nothing without a reading.
  std::optional<Interval> ci95;           ///< Of `joules_per_unit`; needs two windows or more.
  double latency_p50_ms = 0;              ///< Per iteration.
  double latency_p99_ms = 0;              ///< The maximum below 100 iterations.
  double units_per_second = 0;
  std::optional<double> watts;
  std::uint64_t peak_memory_bytes = 0;  ///< Device memory on a GPU, resident memory on a CPU.
  std::vector<EnergyPerUnit> energy;    ///< Every scope that was read, the ranking one first.
  std::vector<double> windows;          ///< Joules per unit of each window, in order of time.
  int iterations = 0;                   ///< Over all windows.
  std::vector<std::string> flags;       ///< E.g. `noisy`, `not_settled`.

  friend bool operator==(const Measurement&, const Measurement&) = default;
};

/// Operations that ran in another precision than the arm is called by.
struct Uncovered {
  std::string op;    ///< As LibTorch calls it: `linear`, `bmm`.
  double share = 0;  ///< Of the model's matrix and convolution FLOPs.
  std::string reason;

  friend bool operator==(const Uncovered&, const Uncovered&) = default;
};

/// How far an arm's outputs lie from true FP32 on the same rows.
struct Accuracy {
  bool finite = true;
  double worst_cosine = 1;  ///< Over the rows; 1 for one-element outputs, judged by L2 alone.
  double relative_l2 = 0;   ///< Over all rows and outputs: |y - y32| / |y32|.
  std::optional<double> top1_agreement;  ///< Share of rows, where the output is logits.
  double coverage = 1;  ///< Share of matrix and convolution FLOPs in the named precision.
  std::vector<Uncovered> uncovered;  ///< What makes up the rest, the largest share first.
  int rows = 0;                      ///< How many rows were compared.

  friend bool operator==(const Accuracy&, const Accuracy&) = default;
};

/// One way to bring a model to an arm, tried when the arm was made.
struct RouteTrial {
  std::string name;          ///< E.g. `cast, fused kernels`.
  std::optional<double> ms;  ///< Of a call on a few rows; absent where nothing was compared.
  std::string reason;        ///< Why it does not run; empty if it does.

  friend bool operator==(const RouteTrial&, const RouteTrial&) = default;
};

/// What an arm costs before its first iteration.
struct SetUpCost {
  double seconds = 0;  ///< In every process that runs it: casts, packing, loading, compilation.
  std::optional<double> export_seconds;  ///< Once, ahead of time: making its package.
  std::vector<RouteTrial> routes;        ///< The one that the arm takes first; may be empty.

  friend bool operator==(const SetUpCost&, const SetUpCost&) = default;
};

/// One configuration tried.
struct Trial {
  Config config;
  TrialStatus status = TrialStatus::ok;
  std::string reason;  ///< Why it is not `ok`.
  std::optional<Measurement> measurement;
  std::optional<Accuracy> accuracy;
  std::optional<SetUpCost> set_up;  ///< Of its arm; nothing if it was never prepared.

  friend bool operator==(const Trial&, const Trial&) = default;
};

}  // namespace autotune
