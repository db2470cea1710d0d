#include "measure/runner.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "measure/meter_sampler.hpp"

namespace autotune {
namespace {

// Growth below this in a warm-up run is bookkeeping, not the model's working set.
constexpr std::uint64_t settled_growth_bytes = 1 << 20;

// A run may take this much longer than the warm-up foretold before it is cut short.
constexpr double run_over_factor = 3;

Window failed(TrialStatus status, std::string reason) {
  Window window;
  window.status = status;
  window.reason = std::move(reason);
  return window;
}

double mean_iteration_seconds(const RunResult& run) {
  return in_seconds(run.completions.back() - run.start) /
         static_cast<double>(run.completions.size());
}

}  // namespace

Runner::Runner(Workload& workload, const std::vector<std::unique_ptr<EnergyMeter>>& meters,
               MeasureOptions options, const Description& description)
    : workload_(workload),
      meters_(meters),
      options_(options),
      rows_(std::max(description.rows, 1)) {
  for (const auto& meter : meters) meter_infos_.push_back(meter->info());
}

Prepared Runner::check(const Arm& arm, int accuracy_batch) {
  config_.reset();
  arm_.reset();
  Prepared prepared = workload_.prepare({arm, accuracy_batch, true});
  if (prepared.status == TrialStatus::ok) arm_ = arm;
  return prepared;
}

Window Runner::window(const Config& config) {
  if (config_ != config) {
    if (auto failure = switch_to(config)) return std::move(*failure);
  }
  return measure(config);
}

std::optional<Window> Runner::switch_to(const Config& config) {
  config_.reset();
  if (arm_ != config.arm) {
    arm_.reset();
    const Prepared prepared = workload_.prepare({config.arm, 0, false});
    if (prepared.status != TrialStatus::ok) return failed(prepared.status, prepared.reason);
    arm_ = config.arm;
  }
  if (auto failure = warm_up(config)) return failure;
  config_ = config;
  return std::nullopt;
}

std::optional<Window> Runner::warm_up(const Config& config) {
  double spent = 0;
  settled_ = false;
  for (bool first = true; spent < options_.max_warm_up_seconds; first = false) {
    const RunResult run = workload_.run({.batch = config.batch,
                                         .first_row = next_row_,
                                         .seconds = options_.warm_up_seconds / 2,
                                         .fresh_memory = first});
    if (run.status != TrialStatus::ok) {
      arm_.reset();
      return failed(run.status, run.reason);
    }
    take_rows(run, config.batch);
    iteration_seconds_ = mean_iteration_seconds(run);
    spent += in_seconds(run.completions.back() - run.start);
    settled_ = !first && run.memory_growth_bytes < settled_growth_bytes;
    if (settled_ && spent >= options_.warm_up_seconds) break;
  }
  return std::nullopt;
}

int Runner::iterations_per_window(int batch) const {
  const double wanted = std::ceil(options_.window_seconds / std::max(iteration_seconds_, 1e-9));
  const int iterations = static_cast<int>(std::clamp(wanted, 1.0 * options_.min_iterations, 1e6));
  // Whole passes over the rows, so that every configuration sees the same data.
  const int pass = rows_ / std::gcd(rows_, batch);
  if (iterations < pass) return iterations;
  return (iterations + pass - 1) / pass * pass;
}

Window Runner::measure(const Config& config) {
  const int iterations = iterations_per_window(config.batch);
  MeterSampler sampler(meters_);
  const RunResult run = workload_.run({.batch = config.batch,
                                       .first_row = next_row_,
                                       .seconds = run_over_factor * iterations * iteration_seconds_,
                                       .min_iterations = options_.min_iterations,
                                       .max_iterations = iterations});
  Window window = make_window(run, meter_infos_, sampler.stop());
  if (run.status != TrialStatus::ok) {
    config_.reset();
    arm_.reset();
    return window;
  }
  take_rows(run, config.batch);
  if (!settled_) window.flags.emplace_back("not_settled");
  return window;
}

void Runner::take_rows(const RunResult& run, int batch) {
  next_row_ = (next_row_ + static_cast<std::int64_t>(run.completions.size()) * batch) % rows_;
}

}  // namespace autotune
