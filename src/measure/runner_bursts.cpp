// Windows in bursts, for a sensor that sees part of each of its periods (phase_bursts.hpp says
// why).
#include <algorithm>
#include <cmath>
#include <numeric>

#include "energy/phase_bursts.hpp"
#include "measure/runner.hpp"

namespace autotune {
namespace {

constexpr int bursts_per_window = 4;
constexpr double sampled_share = 0.25;        // A100 and H100 PCIe (arXiv 2312.02741).
constexpr double longest_tick_seconds = 0.6;  // Ticks are 500 ms apart at most.

/// The first moment from `not_before` on that lies `phase` of a period after a tick.
Timestamp at_phase(Timestamp tick, std::chrono::nanoseconds period, double phase,
                   Timestamp not_before) {
  const Timestamp first =
      tick + std::chrono::nanoseconds(std::llround(phase * static_cast<double>(period.count())));
  if (first >= not_before) return first;
  const auto periods = (not_before - first + period - std::chrono::nanoseconds(1)) / period;
  return first + periods * period;
}

/// Bursts as one run from the first's start to the last's end, the gaps between them included.
RunResult joined(const std::vector<RunResult>& bursts) {
  RunResult all = bursts.front();
  for (std::size_t i = 1; i < bursts.size(); ++i) {
    const RunResult& burst = bursts[i];
    all.completions.insert(all.completions.end(), burst.completions.begin(),
                           burst.completions.end());
    all.units.insert(all.units.end(), burst.units.begin(), burst.units.end());
    all.peak_memory_bytes = std::max(all.peak_memory_bytes, burst.peak_memory_bytes);
    if (burst.waited_seconds)
      all.waited_seconds = all.waited_seconds.value_or(0) + *burst.waited_seconds;
  }
  return all;
}

/// Of every iteration, without the gaps between the bursts.
std::vector<double> latencies_of(const std::vector<RunResult>& bursts) {
  std::vector<double> all;
  for (const RunResult& burst : bursts) {
    const auto part = make_window(burst, {}, {}).latencies_ms;
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace

bool Runner::needs_bursts(const Plan& plan) const {
  return options_.duty_sampled && polls_ &&
         may_beat({.step_seconds = iteration_seconds_,
                   .period_seconds = options_.tick_seconds,
                   .sampled_seconds = sampled_share * options_.tick_seconds,
                   .window_seconds = plan.window * iteration_seconds_});
}

std::optional<Timestamp> Runner::next_tick() {
  EnergyMeter& meter = *meters_.front();
  const auto first = meter.read();
  const Timestamp begin = clock_.now();
  while (first && in_seconds(clock_.now() - begin) < longest_tick_seconds) {
    const auto reading = meter.read();
    if (reading && reading->value != first->value) return reading->time;
    clock_.sleep_for(std::chrono::milliseconds(1));
  }
  return std::nullopt;
}

RunResult Runner::burst(const Config& config, int iterations) {
  RunResult run = workload_.run({.batch = config.batch,
                                 .first_row = next_row_,
                                 .min_iterations = iterations,
                                 .max_iterations = iterations});
  if (run.status == TrialStatus::ok) take_rows(run, config.batch);
  return run;
}

Window Runner::measure_in_bursts(const Config& config, const Plan& plan, Timestamp tick) {
  const auto period = std::chrono::nanoseconds(std::llround(options_.tick_seconds * 1e9));
  const int iterations = (plan.window + bursts_per_window - 1) / bursts_per_window;
  const Circumstances before = circumstances();
  MeterSampler sampler(meters_, {}, poll_period());
  std::vector<RunResult> bursts;
  RunResult last = burst(config, plan.before);
  for (int i = 0; i < bursts_per_window && last.status == TrialStatus::ok; ++i) {
    const double phase = static_cast<double>(i) / bursts_per_window;
    clock_.sleep_for(at_phase(tick, period, phase, clock_.now()) - clock_.now());
    last = burst(config, iterations);
    bursts.push_back(last);
  }
  if (last.status == TrialStatus::ok) last = burst(config, plan.after);
  const auto readings = sampler.stop();
  if (last.status != TrialStatus::ok) {
    forget_arm();
    return make_window(last, meter_infos_, readings);
  }
  const RunResult run = joined(bursts);
  Window window = make_window(run, meter_infos_, readings);
  window.latencies_ms = latencies_of(bursts);
  iteration_seconds_ = std::reduce(window.latencies_ms.begin(), window.latencies_ms.end()) /
                       (1e3 * static_cast<double>(window.latencies_ms.size()));
  window.flags.emplace_back("phase_bursts");
  judge(window, run, before, config);
  return window;
}

}  // namespace autotune
