#include "session/earlier_trials.hpp"

namespace autotune {

std::vector<Trial> earlier_trials(const ProfileStore& store, const WorkloadId& workload,
                                  const HardwareKey& device, std::vector<std::string>& warnings) {
  std::string newest;
  std::vector<Trial> trials;
  for (Profile& profile : store.load(warnings)) {
    const bool same = profile.workload.fingerprint == workload.fingerprint &&
                      profile.workload.inputs == workload.inputs &&
                      profile.workload.unit == workload.unit;
    if (!same || compare(profile.key, device).match != Match::none) continue;
    if (!trials.empty() && profile.created <= newest) continue;
    newest = profile.created;
    trials = std::move(profile.trials);
  }
  return trials;
}

}  // namespace autotune
