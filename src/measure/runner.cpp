#include "measure/runner.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "autotune/comparison.hpp"
#include "measure/disturbance.hpp"
#include "measure/edges.hpp"

namespace autotune {
namespace {

// Growth below this in a warm-up run is bookkeeping, not the model's working set.
constexpr std::uint64_t settled_growth_bytes = 1 << 20;

// A run may take this much longer than the warm-up foretold before it is cut short.
constexpr double run_over_factor = 3;

// A window shorter than this share of what was planned is planned and taken again, so often.
constexpr double shortest_share = 0.5;
constexpr int most_replans = 3;

// A probe starts no iteration after this long: a slow arm must not cost more to rule out.
constexpr double longest_probe_seconds = 0.5;

// A card is warm when its temperature stands still (docs/measuring.md#heat).
constexpr int least_soak_seconds = 15;
constexpr std::size_t steady_seconds = 5;
constexpr double steady_kelvin = 1;

// A batch is looked at for so long, and none that takes longer for one iteration is doubled.
constexpr double soak_look_seconds = 0.5;

// A window of 5 s holds so many iterations of 1 µs, and no model is faster to call; they take 120
// MB of memory.
constexpr double most_iterations = 5e6;

Clock& machine_clock() {
  static SteadyClock clock;
  return clock;
}

Window failed(TrialStatus status, std::string reason) {
  Window window;
  window.status = status;
  window.reason = std::move(reason);
  return window;
}

double last_iteration_seconds(const RunResult& run) {
  const auto& ends = run.completions;
  return in_seconds(ends.back() - (ends.size() > 1 ? ends[ends.size() - 2] : run.start));
}

double mean_iteration_seconds(const RunResult& run) {
  return in_seconds(run.completions.back() - run.start) /
         static_cast<double>(run.completions.size());
}

}  // namespace

Runner::Runner(Workload& workload, const std::vector<std::unique_ptr<EnergyMeter>>& meters,
               MeasureOptions options, const Description& description, Watch* watch, Clock* clock)
    : workload_(workload),
      meters_(meters),
      watch_(watch),
      clock_(clock != nullptr ? *clock : machine_clock()),
      options_(options),
      tick_seconds_(options.tick_seconds),
      rows_(std::max(description.rows, 1)) {
  for (const auto& meter : meters) {
    meter_infos_.push_back(meter->info());
    polls_ = polls_ || meter->info().poll_period.count() > 0;
    tick_seconds_ = std::max(tick_seconds_, in_seconds(meter->info().poll_period));
  }
}

Prepared Runner::check(const Arm& arm, int accuracy_batch) {
  forget_arm();
  Prepared prepared = workload_.prepare({arm, accuracy_batch, true});
  if (prepared.status == TrialStatus::ok) arm_ = arm;
  return prepared;
}

Window Runner::window(const Config& config) {
  if (config_ != config) {
    if (auto failure = switch_to(config)) return std::move(*failure);
  }
  Window window = measure(config);
  for (int i = 0; i < options_.max_repeats && window.disturbed; ++i) {
    if (tell_rejected_) tell_rejected_(config, window);
    Window again = measure(config);
    if (again.status != TrialStatus::ok || !again.disturbed) return again;
    // All were disturbed: the fastest was so the least.
    if (again.seconds / again.units < window.seconds / window.units) window = std::move(again);
  }
  return window;
}

Window Runner::probe(const Config& config, int iterations) {
  config_.reset();
  if (auto failure = load(config.arm)) return std::move(*failure);
  const RunResult run = workload_.run({.batch = config.batch,
                                       .first_row = next_row_,
                                       .seconds = longest_probe_seconds,
                                       .min_iterations = 1,
                                       .max_iterations = 1 + iterations,
                                       .fresh_memory = true});
  if (run.status != TrialStatus::ok) {
    forget_arm();
    return failed(run.status, run.reason);
  }
  take_rows(run, config.batch);
  const std::size_t done = run.completions.size();
  return make_window(part_of(run, done > 1 ? 1 : 0, done), {}, {});
}

bool Runner::settle(const Config& config, double seconds) {
  if (config_ != config && switch_to(config)) return false;
  const RunResult run =
      workload_.run({.batch = config.batch, .first_row = next_row_, .seconds = seconds});
  if (run.status != TrialStatus::ok) {
    forget_arm();
    return false;
  }
  take_rows(run, config.batch);
  return true;
}

void Runner::soak(const Config& config, double most_seconds, const SoakLimits& limits) {
  if (!circumstances().temperature_c) return;
  const Warming found = warming(config, most_seconds, limits);
  std::vector<double> temperatures;
  for (int second = 0; second < most_seconds - found.seconds; ++second) {
    const auto temperature = circumstances().temperature_c;
    if (!temperature || !settle(found.config, 1)) return;
    temperatures.push_back(*temperature);
    if (second < least_soak_seconds) continue;
    const double before = temperatures[temperatures.size() - 1 - steady_seconds];
    if (std::abs(*temperature - before) < steady_kelvin) return;
  }
}

Runner::Warming Runner::warming(const Config& config, double most_seconds,
                                const SoakLimits& limits) {
  Warming found{config};
  for (int batch = 1; batch <= limits.most_batch && found.seconds < most_seconds; batch *= 2) {
    const RunResult run = look_at({batch, config.arm});
    if (run.status != TrialStatus::ok) break;
    found.config.batch = batch;
    found.seconds += in_seconds(run.completions.back() - run.start);
    const bool fills_memory =
        limits.memory_bytes > 0 && 2 * run.peak_memory_bytes > limits.memory_bytes;
    if (fills_memory || last_iteration_seconds(run) >= soak_look_seconds) break;
  }
  return found;
}

// Two iterations: the first one of a batch may load and choose kernels.
RunResult Runner::look_at(const Config& config) {
  config_.reset();
  if (const auto failure = load(config.arm)) return {.status = failure->status};
  RunResult run = workload_.run({.batch = config.batch,
                                 .first_row = next_row_,
                                 .seconds = soak_look_seconds,
                                 .min_iterations = 2,
                                 .fresh_memory = true});
  if (run.status == TrialStatus::ok) {
    take_rows(run, config.batch);
  } else {
    forget_arm();
  }
  return run;
}

std::optional<Window> Runner::switch_to(const Config& config) {
  config_.reset();
  if (auto failure = load(config.arm)) return failure;
  if (auto failure = warm_up(config)) return failure;
  config_ = config;
  return std::nullopt;
}

std::optional<Window> Runner::load(const Arm& arm) {
  if (arm_ == arm) return std::nullopt;
  forget_arm();
  const Prepared prepared = workload_.prepare({arm, 0, false});
  if (prepared.status != TrialStatus::ok) return failed(prepared.status, prepared.reason);
  arm_ = arm;
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

int Runner::iterations_for(double seconds) const {
  return static_cast<int>(
      std::clamp(std::ceil(seconds / std::max(iteration_seconds_, 1e-9)), 1.0, most_iterations));
}

Runner::Plan Runner::plan(int batch) const {
  const double seconds =
      polls_ ? std::max(options_.window_seconds, options_.min_ticks * options_.tick_seconds)
             : options_.window_seconds;
  Plan plan{.window = std::max(iterations_for(seconds), options_.min_iterations)};
  // Whole passes over the rows, so that every configuration sees the same data.
  const int pass = rows_ / std::gcd(rows_, batch);
  if (plan.window >= pass) plan.window = (plan.window + pass - 1) / pass * pass;
  if (polls_) {
    plan.before =
        iterations_for(std::max(std::min(pre_roll_seconds, 10 * tick_seconds_), 3 * tick_seconds_));
    plan.after = iterations_for(2 * tick_seconds_) + 1;
  }
  return plan;
}

std::chrono::nanoseconds Runner::poll_period() const {
  return std::chrono::nanoseconds(std::llround(options_.poll_seconds * 1e9));
}

QuietSpan Runner::quiet_span(const Plan& plan) const {
  const auto after = [&](double seconds) {
    return std::chrono::nanoseconds(std::llround(std::max(0.0, seconds) * 1e9));
  };
  const double window = plan.window * iteration_seconds_;
  const double margin = edge_margin_seconds(tick_seconds_, window);
  const double begin = plan.before * iteration_seconds_;
  return {after(begin + margin), after(begin + window - margin)};
}

// What slowed the warm-up down made it foretell too few iterations.
Window Runner::measure(const Config& config) {
  for (int replans = 0;; ++replans) {
    const Plan wanted = plan(config.batch);
    const double foretold_seconds = wanted.window * iteration_seconds_;
    Window window = measure(config, wanted);
    const bool whole =
        window.status != TrialStatus::ok || window.seconds >= shortest_share * foretold_seconds;
    if (whole || replans == most_replans) return window;
  }
}

Window Runner::measure(const Config& config, const Plan& wanted) {
  if (needs_bursts(wanted)) {
    if (const auto tick = next_tick()) return measure_in_bursts(config, wanted, *tick);
  }
  const Circumstances before = circumstances();
  MeterSampler sampler(meters_, quiet_span(wanted), poll_period());
  const RunResult run =
      workload_.run({.batch = config.batch,
                     .first_row = next_row_,
                     .seconds = run_over_factor * wanted.all() * iteration_seconds_,
                     .min_iterations = wanted.before + options_.min_iterations + wanted.after,
                     .max_iterations = wanted.all()});
  const auto readings = sampler.stop();
  if (run.status != TrialStatus::ok) {
    forget_arm();
    return make_window(run, meter_infos_, readings);
  }
  const std::size_t last = run.completions.size() - static_cast<std::size_t>(wanted.after);
  Window window = make_window(part_of(run, static_cast<std::size_t>(wanted.before), last),
                              meter_infos_, readings);
  take_rows(run, config.batch);
  iteration_seconds_ = mean_iteration_seconds(run);
  if (run.page_faults) {
    window.page_faults_per_iteration =
        static_cast<double>(*run.page_faults) / static_cast<double>(run.completions.size());
  }
  judge(window, run, before, config);
  if (!settled_) window.flags.emplace_back("not_settled");
  return window;
}

void Runner::judge(Window& window, const RunResult& run, const Circumstances& before,
                   const Config& config) {
  const Circumstances after = circumstances();
  Beside what =
      beside(before, after, in_seconds(run.completions.back() - run.start), run.waited_seconds);
  if (after.sm_clock_mhz) what.clock_ratio = clock_ratio(after, config);
  if (before.temperature_c && after.temperature_c) {
    window.temperature_c = (*before.temperature_c + *after.temperature_c) / 2;
  }
  const Remarks remarks = remarks_on(what);
  const bool energy_missing = !meters_.empty() && !window.joules_per_unit;
  window.disturbed = !remarks.objections.empty() || energy_missing;
  window.flags.insert(window.flags.end(), remarks.objections.begin(), remarks.objections.end());
  window.flags.insert(window.flags.end(), remarks.notes.begin(), remarks.notes.end());
}

// A card that warms up lowers its clock by steps, so that a clock is compared with those seen at
// about the same temperature.
double Runner::clock_ratio(const Circumstances& now, const Config& config) {
  std::vector<SeenClock>& seen = clocks_[to_string(config)];
  seen.push_back({*now.sm_clock_mhz, now.temperature_c});
  std::vector<double> alike;
  for (const SeenClock& one : seen) {
    const bool differs = one.temperature_c && now.temperature_c &&
                         std::abs(*one.temperature_c - *now.temperature_c) > same_temperature_k;
    if (!differs) alike.push_back(one.mhz);
  }
  return *now.sm_clock_mhz / quantile(alike, 0.5);
}

Circumstances Runner::circumstances() {
  return watch_ != nullptr ? watch_->read() : Circumstances{};
}

void Runner::forget_arm() {
  config_.reset();
  arm_.reset();
}

void Runner::take_rows(const RunResult& run, int batch) {
  next_row_ = (next_row_ + static_cast<std::int64_t>(run.completions.size()) * batch) % rows_;
}

}  // namespace autotune
