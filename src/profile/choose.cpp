#include "profile/choose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace autotune::profile {
namespace {

bool is_answer(const Trial& trial, const Constraints& constraints) {
  return trial.status == TrialStatus::ok && trial.measurement &&
         (!trial.accuracy || constraints.accepts(*trial.accuracy));
}

bool meets(const Measurement& measurement, const Limits& limits) {
  const bool fast = !limits.max_latency_ms || measurement.latency_p99_ms <= *limits.max_latency_ms;
  const bool small =
      !limits.max_memory_bytes || measurement.peak_memory_bytes <= *limits.max_memory_bytes;
  return fast && small;
}

double seconds_per_unit(const Trial& trial) {
  const double rate = trial.measurement->units_per_second;
  return rate > 0 ? 1 / rate : std::numeric_limits<double>::infinity();
}

std::vector<const Trial*> answers(const Profile& profile) {
  std::vector<const Trial*> trials;
  for (const Trial& trial : profile.trials) {
    if (is_answer(trial, profile.constraints)) trials.push_back(&trial);
  }
  return trials;
}

bool has_joules(const Trial* trial) { return trial->measurement->joules_per_unit.has_value(); }

}  // namespace

bool best_meets(const Profile& profile, const Limits& limits) {
  const auto& best = profile.best.measurement;
  const bool unlimited = !limits.max_latency_ms && !limits.max_memory_bytes;
  return unlimited || (best && meets(*best, limits));
}

const Trial* choose(const Profile& profile, const Limits& limits) {
  if (best_meets(profile, limits)) return &profile.best;
  std::vector<const Trial*> trials = answers(profile);
  std::erase_if(trials, [&](const Trial* trial) { return !meets(*trial->measurement, limits); });
  const bool by_energy = std::any_of(trials.begin(), trials.end(), has_joules);
  if (by_energy) std::erase_if(trials, [](const Trial* trial) { return !has_joules(trial); });
  const auto cost = [&](const Trial* trial) {
    return by_energy ? *trial->measurement->joules_per_unit : seconds_per_unit(*trial);
  };
  const auto least = std::min_element(
      trials.begin(), trials.end(),
      [&](const Trial* left, const Trial* right) { return cost(left) < cost(right); });
  return least == trials.end() ? nullptr : *least;
}

std::string closest_miss(const Profile& profile, const Limits& limits) {
  const std::vector<const Trial*> trials = answers(profile);
  std::string text;
  const auto add = [&](auto value, const char* what, double limit, const char* unit, double scale) {
    const auto least =
        std::min_element(trials.begin(), trials.end(), [&](const Trial* left, const Trial* right) {
          return value(*left->measurement) < value(*right->measurement);
        });
    if (least == trials.end()) return;
    text += fmt::format("{}the lowest {} is {:.4g} {} ({}), the limit {:.4g} {}",
                        text.empty() ? "" : "; ", what, value(*(*least)->measurement) / scale, unit,
                        to_string((*least)->config), limit / scale, unit);
  };
  if (limits.max_latency_ms) {
    add([](const Measurement& m) { return m.latency_p99_ms; }, "p99 latency",
        *limits.max_latency_ms, "ms", 1);
  }
  if (limits.max_memory_bytes) {
    constexpr double mib = 1024.0 * 1024.0;
    add([](const Measurement& m) { return static_cast<double>(m.peak_memory_bytes); }, "memory",
        static_cast<double>(*limits.max_memory_bytes), "MiB", mib);
  }
  return text;
}

}  // namespace autotune::profile
