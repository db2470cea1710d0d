#include <algorithm>
#include <cmath>
#include <vector>

#include "autotune/energy.hpp"

namespace autotune {
namespace {

bool usable(std::span<const Reading> readings) {
  for (std::size_t i = 0; i < readings.size(); ++i) {
    if (!std::isfinite(readings[i].value) || readings[i].value < 0) return false;
    if (i > 0 && readings[i].time <= readings[i - 1].time) return false;
  }
  return true;
}

/// The straight line through `a` and `b` at `time`.
double line_at(const Reading& a, const Reading& b, Timestamp time) {
  const double share = in_seconds(time - a.time) / in_seconds(b.time - a.time);
  return a.value + share * (b.value - a.value);
}

/// Piecewise linear through the points; outside them the first or last piece goes on.
double value_at(std::span<const Reading> points, Timestamp time) {
  const auto after = std::upper_bound(points.begin() + 1, points.end() - 1, time,
                                      [](Timestamp t, const Reading& r) { return t < r.time; });
  return line_at(*(after - 1), *after, time);
}

Timestamp median_gap(std::span<const Reading> readings) {
  std::vector<Timestamp> gaps;
  for (std::size_t i = 1; i < readings.size(); ++i) {
    gaps.push_back(readings[i].time - readings[i - 1].time);
  }
  const auto middle = gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2);
  std::nth_element(gaps.begin(), middle, gaps.end());
  return *middle;
}

/// Gaps longer than this are pauses of the reader: on a busy machine it waits, and the middle of a
/// window is left out. When the counter moved meanwhile is not known.
Timestamp longest_gap(std::span<const Reading> readings) { return 2 * median_gap(readings); }

/// Where a counter was first seen with a new value, less those after a pause.
std::vector<Reading> timely_changes(std::span<const Reading> readings) {
  const Timestamp most = longest_gap(readings);
  std::vector<Reading> timely;
  for (std::size_t i = 1; i < readings.size(); ++i) {
    if (readings[i].value <= readings[i - 1].value) continue;
    if (readings[i].time - readings[i - 1].time <= most) timely.push_back(readings[i]);
  }
  return timely;
}

/// The moments at which a counter is known: where it was first seen with a new value. A reading in
/// between says nothing, for the counter may have latched at any time before it.
std::optional<std::vector<Reading>> points_of_counter(std::span<const Reading> readings) {
  std::vector<Reading> changes;
  for (std::size_t i = 1; i < readings.size(); ++i) {
    if (readings[i].value < readings[i - 1].value) return std::nullopt;
    if (readings[i].value > readings[i - 1].value) changes.push_back(readings[i]);
  }
  if (changes.empty()) return std::nullopt;
  // A counter that had moved at every reading is finer than the reading, so its first value is as
  // good as the others; and where there is one change alone nothing else gives its slope.
  if (changes.size() == readings.size() - 1 || changes.size() == 1) {
    changes.insert(changes.begin(), readings.front());
    return changes;
  }
  auto timely = timely_changes(readings);
  return timely.size() < 2 ? changes : timely;
}

bool has_pause(std::span<const Reading> readings, Timestamp most, const Reading& from,
               const Reading& to) {
  for (std::size_t i = 1; i < readings.size(); ++i) {
    const bool within = readings[i - 1].time >= from.time && readings[i].time <= to.time;
    if (within && readings[i].time - readings[i - 1].time > most) return true;
  }
  return false;
}

/// The longest time between two points that a counter was watched through; all of them if it was
/// never watched so long.
Timestamp longest_piece(std::span<const Reading> points, std::span<const Reading> readings) {
  const Timestamp most = longest_gap(readings);
  Timestamp longest{0}, watched{0};
  for (std::size_t i = 1; i < points.size(); ++i) {
    const Timestamp piece = points[i].time - points[i - 1].time;
    longest = std::max(longest, piece);
    if (!has_pause(readings, most, points[i - 1], points[i])) watched = std::max(watched, piece);
  }
  return watched > Timestamp{0} ? watched : longest;
}

std::optional<double> joules_of_counter(std::span<const Reading> readings, Timestamp begin,
                                        Timestamp end) {
  const auto points = points_of_counter(readings);
  if (!points) return std::nullopt;
  // An edge between a reading and the nearest change is carried on for one tick at most: a counter
  // silent for longer has stopped, and what was spent meanwhile is not known. Half a piece more
  // allows for the jitter of polling.
  const Timestamp reach = longest_piece(*points, readings) * 3 / 2;
  if (begin < points->front().time - reach || end > points->back().time + reach) {
    return std::nullopt;
  }
  return value_at(*points, end) - value_at(*points, begin);
}

double joules_of_watts(std::span<const Reading> readings, Timestamp begin, Timestamp end) {
  double joules = 0;
  for (std::size_t i = 1; i < readings.size(); ++i) {
    const Reading& a = readings[i - 1];
    const Reading& b = readings[i];
    const Timestamp from = std::max(a.time, begin);
    const Timestamp to = std::min(b.time, end);
    if (from >= to) continue;
    joules += in_seconds(to - from) * (line_at(a, b, from) + line_at(a, b, to)) / 2;
  }
  return joules;
}

}  // namespace

std::optional<double> joules_between(std::span<const Reading> readings, ReadingKind kind,
                                     Timestamp begin, Timestamp end) {
  if (readings.size() < 2 || begin >= end || !usable(readings)) return std::nullopt;
  if (readings.front().time > begin || readings.back().time < end) return std::nullopt;
  if (kind == ReadingKind::watts) return joules_of_watts(readings, begin, end);
  return joules_of_counter(readings, begin, end);
}

}  // namespace autotune
