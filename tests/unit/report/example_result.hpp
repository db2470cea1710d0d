#pragma once
#include "autotune/tuner.hpp"

namespace autotune {

struct Figures {
  double joules_per_unit = 1;
  double relative_half_width = 0.03;
  double p99_ms = 1;
  double worst_cosine = 1;
  double relative_l2 = 0;
};

inline Trial trial_of(const char* config, const Figures& figures) {
  const double joules = figures.joules_per_unit;
  const double half = figures.relative_half_width;
  return {
      .config = parse_config(config),
      .measurement = Measurement{.joules_per_unit = joules,
                                 .ci95 = Interval{joules * (1 - half), joules * (1 + half)},
                                 .latency_p50_ms = figures.p99_ms * 0.95,
                                 .latency_p99_ms = figures.p99_ms,
                                 .units_per_second = 20 / joules,
                                 .watts = 20,
                                 .peak_memory_bytes = 512U << 20U,
                                 .energy = {{.scope = EnergyScope::cpu_package,
                                             .source = EnergySource::modelled,
                                             .joules_per_unit = joules}},
                                 .windows = {joules, joules, joules},
                                 .iterations = 120},
      .accuracy = Accuracy{
          .worst_cosine = figures.worst_cosine, .relative_l2 = figures.relative_l2, .rows = 128}};
}

inline Device example_device() {
  return {.kind = DeviceKind::cpu,
          .name = "AMD EPYC",
          .id = "cpu",
          .cores = 2,
          .memory_bytes = 24ULL << 30U,
          .features = {"avx2", "avx512_vnni"},
          .pci_address = "",
          .key = {.identity = {{"cpu_model", "AMD EPYC"}}, .conditions = {}, .record = {}}};
}

/// What the table of docs/json.md shows: one tie, two baselines, a lossy answer, failures.
inline TuneResult example_result() {
  TuneResult result;
  result.workload.id = {"minilm", "token", "int64[batch,32]", "zip:01"};
  result.workload.rows = 128;
  result.workload.units_per_row = 14.5;
  result.workload.unsupported = {{Precision::fp8, Layout::plain, "needs a GPU of sm_89 or later"}};
  result.device = example_device();
  result.key = result.device.key;
  result.key.conditions["libtorch"] = "2.11.0";
  result.meter = {.source = EnergySource::modelled, .note = "65 W"};
  result.effort = Effort::quick;
  result.best = trial_of(
      "batch=28,precision=bf16,layout=prepacked",
      {.joules_per_unit = 0.66e-3, .p99_ms = 31, .worst_cosine = 0.999985, .relative_l2 = 0.005});
  result.best.set_up = {.seconds = 0.118, .export_seconds = 15.2};
  result.ties = {
      trial_of("batch=32,precision=bf16,layout=prepacked,threads=2", {.joules_per_unit = 0.67e-3,
                                                                      .p99_ms = 35.9,
                                                                      .worst_cosine = 0.999985,
                                                                      .relative_l2 = 0.005})};
  Trial incumbent = trial_of("batch=32", {.joules_per_unit = 1.31e-3, .p99_ms = 69.4});
  incumbent.set_up = {.seconds = 0.5};
  const Trial single = trial_of("batch=1", {.joules_per_unit = 3.31e-3, .p99_ms = 7.7});
  result.baselines = {{"incumbent", incumbent, 0.496, Interval{0.48, 0.52}},
                      {"fp32_batch_1", single, 0.8, Interval{0.79, 0.81}},
                      {"fastest", single, 0.8, Interval{0.79, 0.81}}};
  result.lossy_best = trial_of(
      "batch=30,precision=int8,layout=prepacked",
      {.joules_per_unit = 0.524e-3, .p99_ms = 25, .worst_cosine = 0.9955, .relative_l2 = 0.073});
  result.lossy_best->status = TrialStatus::inaccurate;
  const Trial too_large{.config = parse_config("batch=128"),
                        .status = TrialStatus::out_of_memory,
                        .reason = "bad_alloc"};
  result.trials = {incumbent, single, result.best, result.ties[0], *result.lossy_best, too_large};
  result.budget = {.seconds = 60, .joules = 3'900};
  result.spent = {.seconds = 52.3, .joules = 905, .trials = 31};
  result.pays_back_after_units = 4.1e6;
  result.warnings = {"only 3 windows each"};
  return result;
}

}  // namespace autotune
