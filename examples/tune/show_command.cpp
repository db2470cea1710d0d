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

/// @param name of the profile, its fingerprint, or the folder of a variant set
Profile find_profile(const std::string& name, std::vector<std::string>& warnings) {
  const ProfileStore store = ProfileStore::from_environment();
  std::vector<Profile> found;
  std::string known;
  for (Profile& profile : store.load(warnings)) {
    if (profile.workload.name == name || profile.workload.fingerprint == name) {
      found.push_back(std::move(profile));
    } else {
      known += fmt::format("{}{}", known.empty() ? "" : ", ", profile.workload.name);
    }
  }
  if (found.empty() && is_variant_set(name)) {
    warnings.clear();
    return find_profile(model_fingerprint(name), warnings);
  }
  if (found.empty()) {
    throw Error(ErrorCode::profile,
                fmt::format("no profile is called '{}' in {}. {}", name, store.folder().string(),
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
  std::vector<std::string> warnings;
  const Profile profile = find_profile(values["name"].as<std::string>(), warnings);
  print_warnings(warnings);
  fmt::print("{}", values.count("json") ? to_json(profile) : table(profile));
  return 0;
}

}  // namespace autotune::cli
