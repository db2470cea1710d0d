#include "profile/profile_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "autotune/error.hpp"
#include "platform/file_access.hpp"
#include "platform/file_name.hpp"
#include "profile/profile_json.hpp"

namespace autotune::profile {
namespace {

namespace fs = std::filesystem;

/// FNV-1a, 64 bits: file names need no more than few collisions, since `same_subject` decides.
class Hash {
 public:
  void add(const std::string& text) {
    for (const char c : text) step(static_cast<unsigned char>(c));
    step(0);
  }
  [[nodiscard]] std::string hex() const { return fmt::format("{:012x}", state_ >> 16U); }

 private:
  void step(unsigned char byte) { state_ = (state_ ^ byte) * 0x100000001b3ULL; }
  std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

/// JSON writers agree on how these look in a string; other letters may be escaped.
bool is_plain(const std::string& key) {
  return std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || std::strchr("_.:-", c) != nullptr);
  });
}

/// A complete profile ends with its brace; what does not is read, to be found damaged.
bool is_closed(const std::string& text) {
  const auto last = text.find_last_not_of(" \t\r\n");
  return last != std::string::npos && text[last] == '}';
}

std::vector<fs::path> json_files(const Layer& layer, std::vector<std::string>& warnings) {
  std::error_code error;
  const fs::file_status status = fs::status(layer.folder, error);
  if (status.type() == fs::file_type::regular) return {layer.folder};
  if (status.type() != fs::file_type::directory) {
    const bool expected =
        layer.own && status.type() == fs::file_type::not_found && !is_below_a_file(layer.folder);
    if (!expected) {
      warnings.push_back(
          fmt::format("no profiles from {}: {}", layer.folder.string(),
                      error ? refusal(layer.folder, error.value()) : "neither folder nor file"));
    }
    return {};
  }
  if (!may_list(layer.folder)) {
    warnings.push_back(fmt::format("no profiles from {}: {}", layer.folder.string(),
                                   refusal(layer.folder, errno)));
  }
  std::vector<fs::path> files;
  const auto options = fs::directory_options::skip_permission_denied;
  fs::recursive_directory_iterator entry(layer.folder, options, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() == ".json") files.push_back(entry->path());
  }
  if (error) {
    warnings.push_back(fmt::format("{}: {}", layer.folder.string(), error.message()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// A writer may have replaced the file since it was found damaged.
void set_aside_if_still_damaged(const fs::path& folder, const fs::path& path) {
  const FileLock locked = lock(folder);
  if (read_text(read_file(path)).state == TextState::damaged) set_aside(path);
}

std::string warning_about_damaged(const Layer& layer, const fs::path& path,
                                  const std::string& problem) {
  const std::string what = fmt::format("{} is damaged ({})", path.string(), problem);
  if (!layer.own) return what + ": passed over";
  try {
    set_aside_if_still_damaged(layer.folder, path);
    return what + ": set aside as .bad. Make a new one with: autotune tune MODEL";
  } catch (const std::exception& error) {
    return fmt::format("{}, and cannot be set aside: {}", what, error.what());
  }
}

}  // namespace

fs::path folder_of_device(const std::string& device_name) {
  return file_name_part(device_name, "device");
}

fs::path stem_of(const Profile& profile) {
  Hash hash;
  hash.add(profile.workload.fingerprint);
  hash.add(profile.workload.inputs);
  hash.add(profile.workload.unit);
  for (const auto& [field, value] : profile.key.identity) {
    hash.add(field);
    hash.add(value);
  }
  return folder_of_device(profile.device_name) /
         fmt::format("{}-{}", file_name_part(profile.workload.name, "model"), hash.hex());
}

bool same_subject(const Profile& a, const Profile& b) {
  return a.workload.fingerprint == b.workload.fingerprint &&
         a.workload.inputs == b.workload.inputs && a.workload.unit == b.workload.unit &&
         a.key.identity == b.key.identity;
}

std::string read_file(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    throw Error(ErrorCode::profile,
                fmt::format("{} is {}, not a profile. Remove it or move it away.", path.string(),
                            fs::is_directory(path, error) ? "a folder" : "no regular file"));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (!file.is_open() || file.bad() || text.fail()) {
    throw Error(ErrorCode::profile,
                fmt::format("{} cannot be read: {}", path.string(), refusal(path, errno)));
  }
  return std::move(text).str();
}

void set_aside(const fs::path& path) {
  fs::path bad = path;
  fs::rename(path, bad += ".bad");
}

FileLock lock(const fs::path& folder) {
  // A save takes milliseconds; whoever holds the lock for longer is stuck.
  constexpr std::chrono::seconds patience{10};
  const fs::path path = folder / ".lock";
  if (auto held = FileLock::acquire(path, patience, ErrorCode::profile)) return std::move(*held);
  throw Error(ErrorCode::profile,
              fmt::format("process {} has held {} for {} s: end it, or try again",
                          lock_holder(path).value_or(0), path.string(), patience.count()));
}

bool Filter::accepts(const Profile& profile) const {
  return !key || profile.workload.name == key || profile.workload.fingerprint == key ||
         profile.path.stem() == key;
}

bool Filter::may_accept(const fs::path& path, const std::string& text) const {
  return !key || !is_plain(*key) || path.stem() == key ||
         text.find('"' + *key + '"') != std::string::npos || !is_closed(text);
}

std::vector<Profile> read_layer(const Layer& layer, const Filter& filter, Extent extent,
                                std::vector<std::string>& warnings) {
  std::vector<Profile> profiles;
  for (const fs::path& path : json_files(layer, warnings)) {
    try {
      const std::string json = read_file(path);
      if (!filter.may_accept(path, json)) continue;
      Text text = extent == Extent::head ? read_head(json) : read_text(json);
      text.profile.path = path;
      if (text.state == TextState::damaged) {
        warnings.push_back(warning_about_damaged(layer, path, text.problem));
      } else if (text.state == TextState::newer) {
        warnings.push_back(fmt::format("{} is left alone: {}. Update this library to use it.",
                                       path.string(), text.problem));
      } else if (filter.accepts(text.profile)) {
        profiles.push_back(std::move(text.profile));
      }
    } catch (const Error& error) {
      warnings.emplace_back(error.what());
    }
  }
  return profiles;
}

}  // namespace autotune::profile
