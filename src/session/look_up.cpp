#include "autotune/look_up.hpp"

namespace autotune {
namespace {

/// In the order in which they are asked.
std::vector<Device> candidates(const std::string& device) {
  if (device != "auto") return {find_device_without_nvml(device)};
  std::vector<Device> all = nvidia_devices_from_driver_files();
  all.push_back(cpu_device());
  return all;
}

}  // namespace

LookUp look_up(const std::string& name_or_fingerprint, const std::string& device,
               const Limits& limits, std::vector<std::string>& warnings) {
  const auto store = ProfileStore::from_environment();
  std::optional<LookUp> first;
  for (Device& candidate : candidates(device)) {
    std::vector<std::string> said;
    Found found = store.find(name_or_fingerprint, candidate.key, limits, said);
    const bool answers = found.config.has_value();
    // A later device's warnings repeat the first one's: they are of the same files.
    if (!first) warnings.insert(warnings.end(), said.begin(), said.end());
    if (answers) return {std::move(found), std::move(candidate)};
    if (!first) first = LookUp{std::move(found), std::move(candidate)};
  }
  return std::move(*first);
}

}  // namespace autotune
