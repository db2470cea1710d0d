#include "measure/window.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "autotune/comparison.hpp"

namespace autotune {
namespace {

// Below this many iterations a 99th percentile is one sample or none, so the maximum stands for it.
constexpr std::size_t min_samples_for_p99 = 100;

std::vector<double> latencies_of(const RunResult& run) {
  std::vector<double> latencies_ms;
  Timestamp before = run.start;
  for (std::size_t i = 0; i < run.completions.size(); ++i) {
    const Timestamp begin = run.begins.empty() ? before : run.begins[i];
    latencies_ms.push_back(in_seconds(run.completions[i] - begin) * 1e3);
    before = run.completions[i];
  }
  return latencies_ms;
}

/// The geometric mean of one scope's windows, if every window has that scope.
std::optional<double> joules_of_scope(const std::vector<Window>& windows, EnergyScope scope) {
  std::vector<double> values;
  for (const Window& window : windows) {
    for (const EnergyPerUnit& energy : window.energy) {
      if (energy.scope == scope) values.push_back(energy.joules_per_unit);
    }
  }
  if (values.size() != windows.size()) return std::nullopt;
  return estimate(values).value;
}

/// Joules of the windows that have any, over their seconds.
std::optional<double> watts_of(const std::vector<Window>& windows) {
  double joules = 0, seconds = 0;
  for (const Window& window : windows) {
    if (!window.joules_per_unit) continue;
    joules += *window.joules_per_unit * window.units;
    seconds += window.seconds;
  }
  if (!(seconds > 0)) return std::nullopt;
  return joules / seconds;
}

void add_energy(Measurement& measurement, const std::vector<Window>& windows) {
  for (const EnergyPerUnit& energy : windows.front().energy) {
    if (const auto joules = joules_of_scope(windows, energy.scope)) {
      measurement.energy.push_back({energy.scope, energy.source, *joules});
    }
  }
  for (const Window& window : windows) {
    if (window.joules_per_unit) measurement.windows.push_back(*window.joules_per_unit);
  }
  if (measurement.windows.empty()) return;
  const Estimate joules = estimate(measurement.windows);
  measurement.joules_per_unit = joules.value;
  measurement.ci95 = joules.ci95;
  measurement.watts = watts_of(windows);
}

}  // namespace

RunResult part_of(const RunResult& run, std::size_t first, std::size_t last) {
  RunResult part = run;
  if (first > 0) part.start = run.completions[first - 1];
  const auto cut = [&](auto& values) {
    values = {values.begin() + static_cast<std::ptrdiff_t>(first),
              values.begin() + static_cast<std::ptrdiff_t>(last)};
  };
  cut(part.completions);
  if (!part.begins.empty()) cut(part.begins);
  cut(part.units);
  return part;
}

Window make_window(const RunResult& run, const std::vector<MeterInfo>& infos,
                   const std::vector<std::vector<Reading>>& readings) {
  Window window{.status = run.status, .reason = run.reason};
  window.peak_memory_bytes = run.peak_memory_bytes;
  if (run.status != TrialStatus::ok) return window;
  window.latencies_ms = latencies_of(run);
  window.units = std::accumulate(run.units.begin(), run.units.end(), 0.0);
  const Timestamp end = run.completions.back();
  window.seconds = in_seconds(end - run.start);
  window.middle = run.start + (end - run.start) / 2;
  for (std::size_t i = 0; i < infos.size() && window.units > 0; ++i) {
    const auto joules = joules_between(readings[i], infos[i].kind, run.start, end);
    if (!joules || !(*joules > 0)) continue;
    window.energy.push_back({infos[i].scope, infos[i].source, *joules / window.units});
    if (i == 0) window.joules_per_unit = window.energy.back().joules_per_unit;
  }
  if (!infos.empty() && !window.joules_per_unit) window.flags.emplace_back("no_energy_reading");
  return window;
}

Measurement summarise(const std::vector<Window>& windows) {
  Measurement measurement;
  std::vector<double> latencies_ms;
  double units = 0, seconds = 0;
  for (const Window& window : windows) {
    latencies_ms.insert(latencies_ms.end(), window.latencies_ms.begin(), window.latencies_ms.end());
    units += window.units;
    seconds += window.seconds;
    measurement.peak_memory_bytes =
        std::max(measurement.peak_memory_bytes, window.peak_memory_bytes);
    for (const std::string& flag : window.flags) {
      if (std::ranges::find(measurement.flags, flag) == measurement.flags.end()) {
        measurement.flags.push_back(flag);
      }
    }
  }
  measurement.iterations = static_cast<int>(latencies_ms.size());
  measurement.latency_p50_ms = quantile(latencies_ms, 0.5);
  measurement.latency_p99_ms =
      quantile(latencies_ms, latencies_ms.size() < min_samples_for_p99 ? 1.0 : 0.99);
  measurement.units_per_second = seconds > 0 ? units / seconds : 0;
  add_energy(measurement, windows);
  return measurement;
}

}  // namespace autotune
