#include <fmt/format.h>

#include <algorithm>

#include "arguments.hpp"
#include "autotune/autotune.hpp"
#include "commands.hpp"
#include "model_options.hpp"

namespace autotune::cli {
namespace {

constexpr const char* usage = "autotune show NAME [--json]";

/// The profiles of that name that were made on hardware like this; all of them if there is none.
std::vector<Profile> preferred(std::vector<Profile> profiles) {
  const std::vector<Device> here = devices();
  const auto fits = [&](const Profile& profile) {
    return std::ranges::any_of(here, [&](const Device& device) {
      return compare(profile.key, device.key).match != Match::none;
    });
  };
  std::vector<Profile> fitting;
  std::ranges::copy_if(profiles, std::back_inserter(fitting), fits);
  return fitting.empty() ? profiles : fitting;
}

/// Every profile there is; what keeps others from being read is said at once, since it may be why
/// one is not found.
std::vector<Profile> load_profiles(const ProfileStore& store) {
  std::vector<std::string> warnings;
  std::vector<Profile> profiles = store.load(warnings);
  print_warnings(warnings);
  return profiles;
}

std::string place_of(const ProfileStore& store) {
  return store.folder().empty() ? "AUTOTUNE_PROFILE_PATH" : store.folder().string();
}

/// @param name of the profile, its fingerprint, or the folder of a variant set
Profile find_profile(const std::string& name) {
  const ProfileStore store = ProfileStore::from_environment();
  std::vector<Profile> found;
  std::string known;
  for (Profile& profile : load_profiles(store)) {
    if (profile.workload.name == name || profile.workload.fingerprint == name) {
      found.push_back(std::move(profile));
    } else {
      known += fmt::format("{}{}", known.empty() ? "" : ", ", profile.workload.name);
    }
  }
  if (found.empty() && is_variant_set(name)) return find_profile(model_fingerprint(name));
  if (found.empty()) {
    throw Error(ErrorCode::profile,
                fmt::format("no profile is called '{}' in {}. {}", name, place_of(store),
                            known.empty() ? "There is none yet: run autotune tune MODEL."
                                          : "There are: " + known + "."));
  }
  found = preferred(std::move(found));
  if (found.size() == 1) return found.front();
  std::string candidates;
  for (const Profile& profile : found) {
    candidates += fmt::format("\n {}  {}  {}", profile.workload.fingerprint, profile.device_name,
                              profile.path.string());
  }
  throw Error(ErrorCode::usage,
              fmt::format("{} profiles are called '{}'; name one by its fingerprint:{}",
                          found.size(), name, candidates));
}

}  // namespace

int show_command(const std::vector<std::string>& words) {
  po::options_description options("Options", 100);
  options.add_options()("json", "print the profile as JSON");
  const po::variables_map values = parse(words, options, {"name"}, usage);
  if (values.count("help")) return 0;
  if (!values.count("name")) {
    throw Error(ErrorCode::usage, fmt::format("no profile is named. Usage: {}", usage));
  }
  const Profile profile = find_profile(values["name"].as<std::string>());
  fmt::print("{}", values.count("json") ? to_json(profile) : table(profile));
  return 0;
}

}  // namespace autotune::cli
