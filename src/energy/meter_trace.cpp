#include "energy/meter_trace.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace autotune {
namespace {

void read_into(MeterTrace& trace, EnergyMeter& meter, Clock& clock) {
  const Timestamp before = clock.now();
  const auto reading = meter.read();
  trace.call_microseconds.push_back(in_seconds(clock.now() - before) * 1e6);
  if (reading) trace.readings.push_back(*reading);
}

}  // namespace

std::vector<MeterTrace> record(std::span<const Polled> meters, Clock& clock, double seconds,
                               const std::function<void(Timestamp now)>& between) {
  std::vector<MeterTrace> traces(meters.size());
  const Timestamp begin = clock.now();
  std::vector<Timestamp> due(meters.size(), begin);
  while (in_seconds(clock.now() - begin) < seconds) {
    if (between) between(clock.now());
    for (std::size_t i = 0; i < meters.size(); ++i) {
      if (clock.now() < due[i]) continue;
      due[i] = clock.now() + meters[i].period;
      read_into(traces[i], *meters[i].meter, clock);
    }
    clock.sleep_for(std::chrono::milliseconds(1));
  }
  return traces;
}

std::vector<Reading> changes(std::span<const Reading> readings) {
  std::vector<Reading> found;
  for (std::size_t i = 1; i < readings.size(); ++i) {
    if (readings[i].value != readings[i - 1].value) found.push_back(readings[i]);
  }
  return found;
}

std::vector<double> change_periods_ms(std::span<const Reading> readings) {
  const auto found = changes(readings);
  std::vector<double> periods;
  for (std::size_t i = 1; i < found.size(); ++i) {
    periods.push_back(in_seconds(found[i].time - found[i - 1].time) * 1e3);
  }
  return periods;
}

double longest_silence_seconds(std::span<const Reading> readings) {
  if (readings.empty()) return std::numeric_limits<double>::infinity();
  Timestamp last = readings.front().time;
  Timestamp longest{0};
  for (const Reading& change : changes(readings)) {
    longest = std::max(longest, change.time - last);
    last = change.time;
  }
  return in_seconds(std::max(longest, readings.back().time - last));
}

std::optional<double> mean_watts(std::span<const Reading> readings, ReadingKind kind) {
  if (readings.size() < 2) return std::nullopt;
  if (kind == ReadingKind::watts) {
    const Timestamp begin = readings.front().time, end = readings.back().time;
    const auto joules = joules_between(readings, kind, begin, end);
    return joules ? std::optional(*joules / in_seconds(end - begin)) : std::nullopt;
  }
  const auto rising = [](const Reading& a, const Reading& b) { return a.value < b.value; };
  if (!std::is_sorted(readings.begin(), readings.end(), rising)) return std::nullopt;
  const auto found = changes(readings);
  if (found.size() < 2) return std::nullopt;
  return (found.back().value - found.front().value) /
         in_seconds(found.back().time - found.front().time);
}

double relative_spread(std::span<const double> values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return (*high - *low) * static_cast<double>(values.size()) / sum;
}

}  // namespace autotune
