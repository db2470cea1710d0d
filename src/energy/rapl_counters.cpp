#include "energy/rapl_counters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace autotune {
namespace {

// A fall of the counter that would need more than this was no wrap but a reset: no CPU package is
// rated above 1,000 W, and no tick is longer than what that draws in a second.
constexpr double most_watts_per_zone = 1'000;
constexpr double most_joules_per_tick = 1'000;

// Two counters of their own are many joules apart soon after the machine has started. One that is
// read twice moves on between: 0.1 J are 200 µs at 500 W, 5 ms at 20 W.
constexpr std::uint64_t nearly_uj = 100'000;

// RAPL's counters move every millisecond.
constexpr int readings_to_compare = 4;
constexpr auto between_readings = std::chrono::milliseconds(2);

// A counter may move between the readings of two zones, and one zone be shown a moment late.
constexpr int attempts_to_agree = 3;
constexpr auto between_attempts = std::chrono::microseconds(200);
constexpr int readings_to_part = 3;

}  // namespace

ZoneCounter::ZoneCounter(RaplZone zone) : zone_(std::move(zone)) {}

std::optional<double> ZoneCounter::read(Timestamp now) {
  const FileNumber number = read_number(zone_.folder / "energy_uj");
  if (!number.ok) return std::nullopt;
  if (number.value < last_ && wrap_is_plausible(number.value, now)) ++wraps_;
  last_ = number.value;
  last_time_ = now;
  return static_cast<double>(wraps_) * static_cast<double>(zone_.range_uj) +
         static_cast<double>(number.value);
}

bool ZoneCounter::wrap_is_plausible(std::uint64_t value, Timestamp now) const {
  const double joules = (static_cast<double>(zone_.range_uj) - static_cast<double>(last_) +
                         static_cast<double>(value)) /
                        1e6;
  return joules <= most_joules_per_tick + most_watts_per_zone * in_seconds(now - last_time_);
}

RaplCounters::RaplCounters(const std::vector<RaplZone>& zones, Clock& clock) : clock_(clock) {
  for (const RaplZone& zone : zones) zones_.push_back({.counter = ZoneCounter(zone)});
  find_mirrors();
}

std::optional<double> RaplCounters::joules() {
  if (!read_all()) return std::nullopt;
  double microjoules = 0;
  for (Counted& zone : zones_) {
    if (zone.shows) check_mirror(zone);
    if (!zone.shows) microjoules += zone.now - zone.from;
  }
  return microjoules / 1e6;
}

std::vector<RaplZone> RaplCounters::counted() const {
  std::vector<RaplZone> counted;
  for (const Counted& zone : zones_) {
    if (!zone.shows) counted.push_back(zone.counter.zone());
  }
  return counted;
}

std::vector<std::string> RaplCounters::mirrors() const {
  std::vector<std::string> said;
  for (const Counted& zone : zones_) {
    if (!zone.shows) continue;
    said.push_back(fmt::format("{} shows the same as {}: counted once", zone.counter.zone().domain,
                               zones_[*zone.shows].counter.zone().domain));
  }
  return said;
}

bool RaplCounters::read_all() {
  const Timestamp now = clock_.now();
  for (Counted& zone : zones_) {
    const auto value = zone.counter.read(now);
    if (!value) return false;
    zone.now = *value;
  }
  return true;
}

/// Both show nearly the same, or the first, read once more, has moved past the second meanwhile.
bool RaplCounters::agree(const Counted& first, const Counted& second) const {
  std::uint64_t before = first.counter.shown(), shown = second.counter.shown();
  for (int attempt = 0; attempt < attempts_to_agree; ++attempt) {
    if (std::max(before, shown) - std::min(before, shown) <= nearly_uj) return true;
    const FileNumber after = read_number(first.counter.zone().folder / "energy_uj");
    if (after.ok && before <= shown && shown <= after.value) return true;
    clock_.sleep_for(between_attempts);
    const FileNumber again = read_number(second.counter.zone().folder / "energy_uj");
    if (!after.ok || !again.ok) return false;
    before = after.value;
    shown = again.value;
  }
  return false;
}

void RaplCounters::find_mirrors() {
  bool proposed = false;
  for (int reading = 0; reading < readings_to_compare && zones_.size() > 1; ++reading) {
    if (reading > 0) clock_.sleep_for(between_readings);
    if (!read_all()) continue;
    if (!proposed) propose_mirrors();
    proposed = true;
    bool some = false;
    for (Counted& zone : zones_) {
      if (!zone.shows) continue;
      if (!agree(zones_[*zone.shows], zone)) zone.shows.reset();
      zone.agreed = zone.now;
      some = some || zone.shows;
    }
    if (!some) return;
  }
}

void RaplCounters::propose_mirrors() {
  for (std::size_t i = 1; i < zones_.size(); ++i) {
    for (std::size_t first = 0; first < i && !zones_[i].shows; ++first) {
      if (!zones_[first].shows && agree(zones_[first], zones_[i])) zones_[i].shows = first;
    }
  }
}

/// Parts a zone that only seemed to show another's counter, as while both stood still.
void RaplCounters::check_mirror(Counted& zone) const {
  if (agree(zones_[*zone.shows], zone)) {
    zone.agreed = zone.now;
    zone.apart = 0;
  } else if (++zone.apart == readings_to_part) {
    zone.shows.reset();
    zone.from = zone.agreed;
  }
}

}  // namespace autotune
