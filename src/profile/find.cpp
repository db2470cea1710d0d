#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "autotune/error.hpp"
#include "autotune/profile.hpp"
#include "profile/choose.hpp"
#include "profile/profile_files.hpp"

namespace autotune {
namespace {

using profile::Extent;
using profile::Filter;
using profile::Layer;

struct Fit {
  Profile profile;
  KeyComparison comparison;
  std::size_t layer = 0;
};

constexpr const char* how_to_tune = "autotune tune MODEL";

/// Best first: exact before same model, the user's own before others', newer before older.
bool goes_before(const Fit& a, const Fit& b) {
  return std::tuple(a.comparison.match, a.layer, b.profile.created) <
         std::tuple(b.comparison.match, b.layer, a.profile.created);
}

std::vector<Fit> fits(const std::vector<Layer>& layers, const std::string& key,
                      const HardwareKey& device, std::vector<std::string>& warnings) {
  std::vector<Fit> result;
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    for (Profile& profile :
         profile::read_layer(layers[layer], Filter{key}, Extent::head, warnings)) {
      KeyComparison comparison = compare(profile.key, device);
      result.push_back({std::move(profile), std::move(comparison), layer});
    }
  }
  std::stable_sort(result.begin(), result.end(), goes_before);
  return result;
}

std::string describe(const Profile& profile) {
  return fmt::format("{} ({}, per {})", profile.path.stem().string(), profile.workload.inputs,
                     profile.workload.unit);
}

/// One description per workload among those that fit the hardware.
std::vector<std::string> workloads(const std::vector<Fit>& fitting) {
  std::map<std::tuple<std::string, std::string, std::string>, std::string> distinct;
  for (const Fit& fit : fitting) {
    const WorkloadId& id = fit.profile.workload;
    distinct.try_emplace({id.fingerprint, id.inputs, id.unit}, describe(fit.profile));
  }
  std::vector<std::string> descriptions;
  for (const auto& [id, description] : distinct) descriptions.push_back(description);
  return descriptions;
}

/// A name must mean one workload. Of one model with several kinds of inputs the newest is taken.
void check_unambiguous(const std::string& key, const std::vector<Fit>& fitting,
                       std::vector<std::string>& warnings) {
  const std::vector<std::string> found = workloads(fitting);
  if (found.size() < 2) return;
  const std::string list = fmt::format("{}", fmt::join(found, "; "));
  if (fitting.front().profile.workload.fingerprint == key) {
    warnings.push_back(fmt::format("the model has profiles for {} kinds of inputs: {}. {} is used.",
                                   found.size(), list,
                                   fitting.front().profile.path.stem().string()));
    return;
  }
  throw Error(ErrorCode::usage,
              fmt::format("{} workloads are called '{}':\n{}.\nGive one of these names instead.",
                          found.size(), key, list));
}

std::string shown(const std::string& value) { return value.empty() ? "not known" : value; }

/// At most three: an advice is read, not studied.
std::string list(const std::vector<Difference>& differences) {
  constexpr std::size_t most = 3;
  std::vector<std::string> parts;
  for (const Difference& entry : differences) {
    if (parts.size() == most) {
      parts.push_back(fmt::format("{} more", differences.size() - most));
      break;
    }
    parts.push_back(fmt::format("{} was {}, is {} here ({})", entry.field,
                                shown(entry.profile_value), shown(entry.device_value),
                                entry.meaning));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string advice_without_match(const std::string& key, const std::vector<Fit>& others) {
  if (others.empty()) {
    return fmt::format("No profile for '{}'. Make one with: {}", key, how_to_tune);
  }
  const Fit& nearest = others.front();
  const std::string why =
      nearest.comparison.differences.empty() ? "" : ": " + list(nearest.comparison.differences);
  return fmt::format(
      "No profile for '{}' on this hardware; there is one of {}{}.\nMake one with: {}", key,
      nearest.profile.device_name, why, how_to_tune);
}

std::string advice_for(const Found& found, const Limits& limits) {
  if (!found.config) {
    return fmt::format(
        "No measured configuration of '{}' meets the limits: {}.\n"
        "Loosen them, or measure more with: {}",
        found.profile->workload.name, profile::closest_miss(*found.profile, limits), how_to_tune);
  }
  if (found.match == Match::exact) return {};
  return fmt::format("The profile was measured under other conditions: {}.\nMeasure again with: {}",
                     list(found.differences), how_to_tune);
}

Found found_in(Fit fit, const Limits& limits) {
  Found found;
  found.match = fit.comparison.match;
  found.differences = std::move(fit.comparison.differences);
  found.unchecked = std::move(fit.comparison.unchecked);
  found.profile = std::move(fit.profile);
  if (!profile::best_meets(*found.profile, limits)) {
    found.profile->trials = parse_profile(profile::read_file(found.profile->path)).trials;
  }
  if (const Trial* trial = profile::choose(*found.profile, limits)) found.config = trial->config;
  found.advice = advice_for(found, limits);
  return found;
}

}  // namespace

Found ProfileStore::find(const std::string& name_or_fingerprint, const HardwareKey& device,
                         const Limits& limits, std::vector<std::string>& warnings) const {
  std::vector<Layer> layers{{folder_, true}};
  for (const auto& folder : read_only_) layers.push_back({folder, false});
  std::vector<Fit> all = fits(layers, name_or_fingerprint, device, warnings);
  const auto misfit = std::find_if(
      all.begin(), all.end(), [](const Fit& fit) { return fit.comparison.match == Match::none; });
  std::vector<Fit> fitting(std::make_move_iterator(all.begin()), std::make_move_iterator(misfit));
  if (fitting.empty()) {
    Found found;
    if (!all.empty()) found.differences = all.front().comparison.differences;
    found.advice = advice_without_match(name_or_fingerprint, all);
    return found;
  }
  check_unambiguous(name_or_fingerprint, fitting, warnings);
  return found_in(std::move(fitting.front()), limits);
}

}  // namespace autotune
