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

/// The usual time between two readings.
Timestamp usual_gap(std::span<const Reading> readings) {
  std::vector<Timestamp> gaps;
  for (std::size_t i = 1; i < readings.size(); ++i) {
    gaps.push_back(readings[i].time - readings[i - 1].time);
  }
  const auto middle = gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2);
  std::nth_element(gaps.begin(), middle, gaps.end());
  return *middle;
}

/// What is known of a counter: its value at some moments, and how far beyond them a line may go.
struct Track {
  std::vector<Reading> points;
  Timestamp reach{0};
};

/// The moments at which a counter is known: where it was first seen with a new value. A reading in
/// between says nothing, for the counter may have latched at any time before it; nor does the first
/// change after a pause of the polling.
std::optional<Track> track_of(std::span<const Reading> readings) {
  constexpr int pause = 4;  // Usual gaps: a longer one is no jitter of the poller.
  const Timestamp longest_gap = pause * usual_gap(readings);
  Track track;
  std::size_t changes = 0;
  std::vector<Reading> timed;
  bool paused = false;
  Timestamp longest_piece{0};
  for (std::size_t i = 1; i < readings.size(); ++i) {
    if (readings[i].value < readings[i - 1].value) return std::nullopt;
    const bool after_pause = readings[i].time - readings[i - 1].time > longest_gap;
    paused = paused || after_pause;
    if (readings[i].value == readings[i - 1].value) continue;
    ++changes;
    track.points.push_back(readings[i]);
    if (after_pause) continue;
    if (!timed.empty() && !paused) {
      longest_piece = std::max(longest_piece, readings[i].time - timed.back().time);
    }
    timed.push_back(readings[i]);
    paused = false;
  }
  if (changes == 0) return std::nullopt;
  // A counter that had moved at every reading is finer than the reading, so its first value is as
  // good as the others; and where there is one change alone nothing else gives its slope.
  if (changes == readings.size() - 1 || timed.size() <= 1) {
    track.points.insert(track.points.begin(), readings.front());
    longest_piece = Timestamp{0};
    for (std::size_t i = 1; i < track.points.size(); ++i) {
      longest_piece = std::max(longest_piece, track.points[i].time - track.points[i - 1].time);
    }
  } else {
    track.points = std::move(timed);
  }
  // An edge between a reading and the nearest change is carried on for one tick at most: a counter
  // silent for longer has stopped, and what was spent meanwhile is not known. Half a piece more
  // allows for the jitter of polling.
  track.reach = longest_piece * 3 / 2;
  return track;
}

std::optional<double> joules_of_counter(std::span<const Reading> readings, Timestamp begin,
                                        Timestamp end) {
  const auto track = track_of(readings);
  if (!track || begin < track->points.front().time - track->reach ||
      end > track->points.back().time + track->reach) {
    return std::nullopt;
  }
  return value_at(track->points, end) - value_at(track->points, begin);
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
