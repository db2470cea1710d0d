#include "tuner/conclusion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "measure/disturbance.hpp"
#include "tuner/standings.hpp"

namespace autotune {
namespace {

bool measured(const Trial& trial) noexcept {
  return trial.status == TrialStatus::ok && trial.measurement.has_value();
}

double joules(const Trial& trial) { return trial.measurement->joules_per_unit.value(); }

}  // namespace

bool eligible(const Trial& trial, const Constraints& limits) noexcept {
  if (!measured(trial) || !trial.measurement->joules_per_unit) return false;
  const Measurement& m = *trial.measurement;
  return (!limits.max_latency_ms || m.latency_p99_ms <= *limits.max_latency_ms) &&
         (!limits.max_memory_bytes || m.peak_memory_bytes <= *limits.max_memory_bytes);
}

std::vector<Trial> ranking(const std::vector<Trial>& trials, const Constraints& limits) {
  std::vector<Trial> ranked;
  std::ranges::copy_if(trials, std::back_inserter(ranked),
                       [&](const Trial& trial) { return eligible(trial, limits); });
  std::ranges::stable_sort(ranked, {}, joules);
  return ranked;
}

Baseline make_baseline(std::string name, const Trial& trial, const Trial& best,
                       const Standings* standings) {
  Baseline baseline{std::move(name), trial, 0, std::nullopt};
  const auto ratio =
      standings != nullptr ? standings->ratio(best.config, trial.config) : std::nullopt;
  if (trial.config == best.config) {
    baseline.saving_ci95 = Interval{0, 0};
  } else if (ratio) {
    set_saving(baseline, *ratio);
  } else {
    baseline.saving = 1 - joules(best) / joules(trial);
  }
  return baseline;
}

void set_saving(Baseline& baseline, const Ratio& ratio) {
  baseline.saving = 1 - ratio.value;
  baseline.saving_ci95 = Interval{1 - ratio.ci95.high, 1 - ratio.ci95.low};
}

std::vector<Trial> ties(const std::vector<Trial>& ranked, const Standings* standings) {
  std::vector<Trial> ties;
  for (std::size_t i = 1; standings != nullptr && i < ranked.size(); ++i) {
    if (standings->ties_with_best(ranked[i].config)) ties.push_back(ranked[i]);
  }
  return ties;
}

std::optional<Trial> fastest(const std::vector<Trial>& trials) {
  std::optional<Trial> found;
  for (const Trial& trial : trials) {
    if (measured(trial) && trial.measurement->joules_per_unit &&
        (!found || trial.measurement->units_per_second > found->measurement->units_per_second)) {
      found = trial;
    }
  }
  return found;
}

std::optional<Trial> largest_batch(const std::vector<Trial>& trials) {
  std::optional<Trial> found;
  for (const Trial& trial : trials) {
    if (!measured(trial) || !trial.measurement->joules_per_unit) continue;
    const bool better =
        !found || trial.config.batch > found->config.batch ||
        (trial.config.batch == found->config.batch && joules(trial) < joules(*found));
    if (better) found = trial;
  }
  return found;
}

std::vector<std::string> disturbance_warnings(const std::vector<Trial>& trials) {
  std::map<std::string, int> counts;
  for (const Trial& trial : trials) {
    if (!trial.measurement) continue;
    for (const std::string& flag : trial.measurement->flags) counts[flag] += is_objection(flag);
  }
  std::vector<std::string> warnings;
  for (const auto& [flag, count] : counts) {
    if (count == 0) continue;
    warnings.push_back(fmt::format(
        "{} in {} of {} configurations: something disturbed each try of a window. Figures may be "
        "off: stop what else runs and tune again (docs/measuring.md#rejection).",
        flag, count, trials.size()));
  }
  return warnings;
}

std::string closest_miss(const std::vector<Trial>& trials, const Constraints& limits) {
  std::optional<Trial> closest;
  double least_excess = std::numeric_limits<double>::infinity();
  for (const Trial& trial : trials) {
    if (!measured(trial)) continue;
    double excess = 1;
    if (limits.max_latency_ms) {
      excess = std::max(excess, trial.measurement->latency_p99_ms / *limits.max_latency_ms);
    }
    if (limits.max_memory_bytes) {
      excess = std::max(excess, static_cast<double>(trial.measurement->peak_memory_bytes) /
                                    static_cast<double>(*limits.max_memory_bytes));
    }
    if (excess < least_excess) {
      least_excess = excess;
      closest = trial;
    }
  }
  if (!closest) {
    std::string reasons;
    for (const Trial& trial : trials) {
      if (!trial.reason.empty() && reasons.find(trial.reason) == std::string::npos) {
        reasons += fmt::format("\n {}: {}", to_string(trial.config), trial.reason);
      }
      if (std::ranges::count(reasons, '\n') >= 2) break;
    }
    return "no configuration could be measured." + reasons;
  }
  return fmt::format("nothing meets the limits; the closest is {} with p99 {:.3g} ms and {} MiB.",
                     to_string(closest->config), closest->measurement->latency_p99_ms,
                     closest->measurement->peak_memory_bytes >> 20);
}

}  // namespace autotune
