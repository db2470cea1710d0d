#include <fmt/format.h>

#include <algorithm>

#include "autotune/error.hpp"
#include "autotune/profile.hpp"
#include "platform/atomic_file.hpp"
#include "platform/file_access.hpp"
#include "profile/profile_files.hpp"
#include "profile/profile_json.hpp"

namespace autotune {
namespace {

namespace fs = std::filesystem;
using profile::TextState;

constexpr int most_places = 20;

/// Where a profile goes, and what stands there of the same workload and hardware.
struct Place {
  fs::path path;
  std::string previous_text;
  std::optional<Profile> previous;
};

/// Nothing if the file belongs to somebody else: another device, workload or format.
std::optional<Place> place_at(const fs::path& path, const Profile& profile) {
  if (!fs::exists(path)) return Place{path, {}, {}};
  std::string json = profile::read_file(path);
  profile::Text text = profile::read_text(json);
  if (text.state == TextState::damaged) {
    profile::set_aside(path);
    return Place{path, {}, {}};
  }
  if (text.state == TextState::newer || !profile::same_subject(text.profile, profile)) return {};
  return Place{path, std::move(json), std::move(text.profile)};
}

Place find_place(const fs::path& folder, const Profile& profile) {
  const fs::path stem = folder / profile::stem_of(profile);
  for (int i = 1; i <= most_places; ++i) {
    fs::path path = stem;
    path += i == 1 ? ".json" : fmt::format("-{}.json", i);
    if (auto place = place_at(path, profile)) return std::move(*place);
  }
  throw Error(ErrorCode::profile,
              fmt::format("{} other profiles have names like {}.json", most_places, stem.string()));
}

bool has_config(const std::vector<Trial>& trials, const Config& config) {
  return std::any_of(trials.begin(), trials.end(),
                     [&](const Trial& trial) { return trial.config == config; });
}

void add_other_configs(std::vector<Trial>& trials, const std::vector<Trial>& more) {
  for (const Trial& trial : more) {
    if (!has_config(trials, trial.config)) trials.push_back(trial);
  }
}

bool same_limits(const Constraints& a, const Constraints& b) {
  return a.max_latency_ms == b.max_latency_ms && a.max_memory_bytes == b.max_memory_bytes &&
         a.min_cosine == b.min_cosine && a.max_relative_l2 == b.max_relative_l2 &&
         a.min_coverage == b.min_coverage;
}

/// The newer tune with the other points of the older one. A tune that was interrupted adds its
/// points to a complete one, whose answer it does not displace.
Profile merge(const Profile& newer, const Profile& older) {
  if (!profile::comparable(newer, older)) return newer;
  const bool keep_answer =
      older.complete && !newer.complete && same_limits(newer.constraints, older.constraints);
  Profile merged = keep_answer ? older : newer;
  add_other_configs(merged.trials, keep_answer ? newer.trials : older.trials);
  return merged;
}

[[noreturn]] void throw_not_writable(const fs::path& folder, const std::string& why) {
  throw Error(ErrorCode::profile, fmt::format("Profiles cannot be kept in {}: {}\n{}",
                                              folder.string(), why, own_cache_remedy));
}

fs::path save_locked(const fs::path& folder, const Profile& profile) {
  make_folders((folder / profile::stem_of(profile)).parent_path(), ErrorCode::profile);
  const FileLock locked = profile::lock(folder);
  const Place place = find_place(folder, profile);
  const Profile merged = place.previous ? merge(profile, *place.previous) : profile;
  write_atomically(place.path, to_json(merged, place.previous_text));
  return place.path;
}

}  // namespace

ProfileStore::ProfileStore(fs::path folder, std::vector<fs::path> read_only)
    : folder_(std::move(folder)), read_only_(std::move(read_only)) {}

/// @throws Error where the environment names none
void ProfileStore::require_folder() const {
  if (folder_.empty()) static_cast<void>(cache_folder());
}

fs::path ProfileStore::save(const Profile& profile) const {
  try {
    require_folder();
    return save_locked(folder_, profile);
  } catch (const std::exception& error) {
    throw_not_writable(folder_, error.what());
  }
}

void ProfileStore::check_writable(const std::string& device_name) const {
  // More than the few bytes that a file system may keep in an inode, so that a full disk shows.
  const std::string block(4096, ' ');
  try {
    require_folder();
    make_folders(folder_, ErrorCode::profile);
    const FileLock locked = profile::lock(folder_);
    // Another user may have made the device's folder, in a cache that everybody can write.
    const fs::path own = folder_ / profile::folder_of_device(device_name);
    const fs::path probe = (fs::is_directory(own) ? own : folder_) / ".probe";
    write_atomically(probe, block);
    fs::remove(probe);
  } catch (const std::exception& error) {
    throw_not_writable(folder_, error.what());
  }
}

std::vector<Profile> ProfileStore::load(std::vector<std::string>& warnings) const {
  std::vector<Profile> profiles =
      profile::read_layer({folder_, true}, {}, profile::Extent::whole, warnings);
  for (const fs::path& folder : read_only_) {
    for (Profile& profile :
         profile::read_layer({folder, false}, {}, profile::Extent::whole, warnings)) {
      profiles.push_back(std::move(profile));
    }
  }
  return profiles;
}

}  // namespace autotune
