#include "energy/self_test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "autotune/comparison.hpp"
#include "energy/meter_trace.hpp"

namespace autotune {
namespace {

using std::chrono::nanoseconds;

constexpr double longest_tick_seconds = 0.6;  // 0.5 s is the longest known, on GeForce cards
constexpr double tolerated_disagreement = 0.02;
constexpr double tolerated_failures = 0.01;
constexpr double least_watts = 1;
constexpr double most_over_limit = 1.2;
constexpr int phases = 4;
// The load heeds a call anywhere within the time that it takes at most: of a tenth of the period,
// over 15 pulses, some 1.5 % of the power is left, where 5 % tell that the sensor sees a part.
constexpr double least_periods_per_switch = 10;
constexpr double least_periods_pulsed = 2.2;  // two ticks, between which the power is known

/// Seconds of each part; together at most what the caller grants.
struct Plan {
  double idle;
  double ramp;  ///< Until clocks and power have settled.
  double busy;
  double pulsed;  ///< At each phase, as far as time allows; 0: not tried.
};

Plan plan_for(double seconds) {
  if (seconds < 10) return {0.2 * seconds, 0.2 * seconds, 0.5 * seconds, 0};
  const double scale = std::min(1.0, seconds / 15);
  return {2 * scale, 1 * scale, 3 * scale, 1.5 * scale};
}

/// Counters every millisecond, to time their ticks; power no faster than it bears.
Polled polled(EnergyMeter& meter) {
  const bool counter = meter.info().kind == ReadingKind::cumulative_joules;
  return {&meter, counter ? nanoseconds(std::chrono::milliseconds(1)) : meter.info().poll_period};
}

/// Runs the parts on one device.
class SelfTest {
 public:
  SelfTest(EnergyMeter& meter, const Load& load, Clock& clock, const SelfTestOptions& options)
      : meter_(meter),
        kind_(meter.info().kind),
        load_(load),
        clock_(clock),
        options_(options),
        plan_(plan_for(options.seconds)),
        begin_(clock.now()) {
    const MeterInfo& info = meter.info();
    facts_.source = info.source;
    facts_.scope = info.scope;
    facts_.claimable = info.claimable;
    facts_.note = info.note;
  }

  MeterFacts run() {
    read_idle();
    read_busy();
    if (can_try_phases()) read_pulsed();
    facts_.seconds = spent_seconds();
    judge();
    return std::move(facts_);
  }

 private:
  void read_idle() {
    const Polled meter = polled(meter_);
    facts_.idle_watts = mean_watts(record({&meter, 1}, clock_, plan_.idle).front().readings, kind_);
  }

  void read_busy() {
    load_.start();
    clock_.sleep_for(nanoseconds(std::llround(plan_.ramp * 1e9)));
    std::vector<Polled> meters = {polled(meter_)};
    if (options_.power != nullptr) meters.push_back(polled(*options_.power));
    const auto traces = record(meters, clock_, plan_.busy);
    load_.stop();
    take_busy(traces.front());
    if (traces.size() > 1) {
      facts_.instant_watts = mean_watts(traces.back().readings, ReadingKind::watts);
    }
  }

  void take_busy(const MeterTrace& trace) {
    facts_.load_watts = mean_watts(trace.readings, kind_);
    facts_.call_p50_us = quantile(trace.call_microseconds, 0.5);
    facts_.call_p99_us = quantile(trace.call_microseconds, 0.99);
    calls_ = trace.call_microseconds.size();
    failed_calls_ = calls_ - trace.readings.size();
    facts_.advances = trace.readings.size() > 1;
    if (kind_ == ReadingKind::watts) return;
    facts_.advances = longest_silence_seconds(trace.readings) < longest_tick_seconds;
    const auto periods = change_periods_ms(trace.readings);
    facts_.ticks = static_cast<int>(periods.size());
    if (!periods.empty()) facts_.update_period_ms = quantile(periods, 0.5);
  }

  [[nodiscard]] bool can_try_phases() const {
    if (plan_.pulsed <= 0 || !facts_.advances) return false;
    // The load is switched between two calls, to a millisecond or so: where that is a good part of
    // the period, the switching would show and not the sensor.
    const double switched_ms = 1 + facts_.call_p50_us / 1e3;
    const double period_ms = facts_.update_period_ms.value_or(0);
    return period_ms > 15 * switched_ms && period_ms > least_periods_per_switch * switch_ms();
  }

  [[nodiscard]] double switch_ms() const { return 1e3 * load_.switch_seconds; }

  void read_pulsed() {
    const double period = *facts_.update_period_ms / 1e3;
    // Each phase waits up to a period for its tick and up to another one for its phase.
    const double share = (options_.seconds - spent_seconds()) / phases - 2 * period;
    const double pulsed = std::min(plan_.pulsed, share);
    if (pulsed < least_periods_pulsed * period) return;
    std::vector<double> watts;
    for (int phase = 0; phase < phases; ++phase) {
      const auto seen = watts_of_pulses(period, static_cast<double>(phase) / phases, pulsed);
      if (!seen) return;
      watts.push_back(*seen);
    }
    facts_.phase_spread = relative_spread(watts);
  }

  /// The load on and off for half a period each, begun a share of it after a tick.
  std::optional<double> watts_of_pulses(double period, double phase, double seconds) {
    const auto tick = next_tick();
    if (!tick) return std::nullopt;
    const double lead = (phase > 0 ? phase : 1) * period;
    const Timestamp begin = *tick + nanoseconds(std::llround(lead * 1e9));
    bool on = false;
    const auto pulse = [&](Timestamp now) {
      const double periods = in_seconds(now - begin) / period;
      const bool wanted = periods >= 0 && periods - std::floor(periods) < 0.5;
      if (wanted != on) (wanted ? load_.start : load_.stop)();
      on = wanted;
    };
    const Polled meter = polled(meter_);
    auto trace = record({&meter, 1}, clock_, lead + seconds, pulse).front();
    if (on) load_.stop();
    std::erase_if(trace.readings, [&](const Reading& reading) { return reading.time < begin; });
    return mean_watts(trace.readings, kind_);
  }

  std::optional<Timestamp> next_tick() {
    const auto first = meter_.read();
    const Timestamp begin = clock_.now();
    while (first && in_seconds(clock_.now() - begin) < longest_tick_seconds) {
      const auto reading = meter_.read();
      if (reading && reading->value != first->value) return reading->time;
      clock_.sleep_for(std::chrono::milliseconds(1));
    }
    return std::nullopt;
  }

  [[nodiscard]] double spent_seconds() const { return in_seconds(clock_.now() - begin_); }

  void judge() {
    if (static_cast<double>(failed_calls_) > tolerated_failures * static_cast<double>(calls_)) {
      fail(fmt::format("{} of {} readings failed", failed_calls_, calls_));
    }
    if (!facts_.advances && failed_calls_ < calls_) {
      fail("the counter stood still for 0.6 s under load");
    } else if (!facts_.load_watts && failed_calls_ < calls_) {
      fail("the counter fell or hardly moved under load");
    }
    if (facts_.advances && facts_.load_watts) judge_power();
  }

  void judge_power() {
    const double watts = *facts_.load_watts;
    if (watts < least_watts) fail(fmt::format("it shows {:.3g} W under load", watts));
    if (options_.limit_watts && watts > most_over_limit * *options_.limit_watts) {
      fail(fmt::format("it shows {:.0f} W, and the device's limit is {:.0f} W", watts,
                       *options_.limit_watts));
    }
    const auto off = facts_.disagreement();
    if (off && std::abs(*off) > tolerated_disagreement) {
      fail(fmt::format("it shows {:.1f} W where instant power shows {:.1f} W", watts,
                       *facts_.instant_watts));
    }
  }

  void fail(std::string reason) { facts_.failures.push_back(std::move(reason)); }

  EnergyMeter& meter_;
  ReadingKind kind_;
  const Load& load_;
  Clock& clock_;
  SelfTestOptions options_;
  Plan plan_;
  Timestamp begin_;
  std::size_t calls_ = 0;
  std::size_t failed_calls_ = 0;
  MeterFacts facts_;
};

}  // namespace

MeterFacts self_test(EnergyMeter& meter, const Load& load, Clock& clock,
                     const SelfTestOptions& options) {
  return SelfTest(meter, load, clock, options).run();
}

}  // namespace autotune
