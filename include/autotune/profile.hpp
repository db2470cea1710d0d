#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "autotune/tuner.hpp"

namespace autotune {

/// The version of the JSON format this library writes; it reads every 1.x.
inline constexpr std::string_view profile_schema_version = "1.0.0";

/// What a tune leaves behind: the best Config, every measured point, the key, the evidence.
struct Profile {
  WorkloadId workload;
  int rows = 0;
  double units_per_row = 1;
  HardwareKey key;
  DeviceKind device_kind = DeviceKind::cpu;
  std::string device_name;
  MeterInfo meter;
  Effort effort = Effort::standard;
  Constraints constraints;
  Trial best;
  std::optional<Trial> lossy_best;
  std::vector<Baseline> baselines;
  std::vector<Trial> trials;
  bool complete = true;
  std::string created;         ///< UTC, ISO 8601.
  std::filesystem::path path;  ///< Where it was read from or written to; not in the JSON.
};

[[nodiscard]] Profile make_profile(const TuneResult& result);

/// JSON text of the profile. Fields of `previous`, an older text of it, that this version does not
/// know survive.
[[nodiscard]] std::string to_json(const Profile& profile, const std::string& previous = "");

/// @throws Error (profile) if it is no JSON object, lacks a field or has a newer major version
[[nodiscard]] Profile parse_profile(const std::string& json);

/// How well a profile fits the hardware at hand.
enum class Match { exact, same_model, none };

[[nodiscard]] std::string_view to_string(Match match) noexcept;

/// One field that differs, and what that means for the profile.
struct Difference {
  std::string field;
  std::string profile_value;
  std::string device_value;
  std::string meaning;
};

struct KeyComparison {
  Match match = Match::none;
  std::vector<Difference> differences;
  std::vector<std::string> unchecked;  ///< Fields only the profile has: cheap sources lack them.
};

/// Identity must be equal; a difference in conditions makes it `same_model`.
[[nodiscard]] KeyComparison compare(const HardwareKey& profile, const HardwareKey& device);

/// What `find` found.
struct Found {
  Match match = Match::none;
  std::optional<Profile> profile;  ///< Absent if the match is `none`. Its `trials` are read
                                   ///< only where the limits call for another than `best`.
  std::optional<Config> config;    ///< The best of the profile's points within the limits.
  std::vector<Difference> differences;
  std::vector<std::string> unchecked;
  std::string advice;  ///< What to run, where there is no exact match.
};

struct Limits {
  std::optional<double> max_latency_ms;
  std::optional<std::uint64_t> max_memory_bytes;
};

/// Where profiles live: `<cache>/profiles` first, then `AUTOTUNE_PROFILE_PATH`'s folders.
class ProfileStore {
 public:
  /// By the environment (`AUTOTUNE_CACHE_DIR`, `XDG_CACHE_HOME`, `AUTOTUNE_PROFILE_PATH`).
  [[nodiscard]] static ProfileStore from_environment();

  ProfileStore(std::filesystem::path folder, std::vector<std::filesystem::path> read_only);

  /// Writes the profile atomically under a lock and returns its path. A file of another device or
  /// workload is never overwritten.
  /// @throws Error (profile) if the folder cannot be written; the old file is then untouched
  std::filesystem::path save(const Profile& profile) const;

  /// Throws what `save` would throw about the folder, and about that of the device if it is named;
  /// writes nothing that stays.
  void check_writable(const std::string& device_name = {}) const;

  /// Every readable profile. Damaged files in the cache are set aside as `.bad` and, like those of
  /// a newer major version, named in `warnings`.
  [[nodiscard]] std::vector<Profile> load(std::vector<std::string>& warnings) const;

  /// By name or by fingerprint, for the hardware at hand; no GPU, NVML or child process is touched.
  /// @throws Error (usage) if several workloads of that name match, listing them
  [[nodiscard]] Found find(const std::string& name_or_fingerprint, const HardwareKey& device,
                           const Limits& limits, std::vector<std::string>& warnings) const;

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

 private:
  void require_folder() const;

  std::filesystem::path folder_;  ///< Empty: the environment names none, and nothing can be kept.
  std::vector<std::filesystem::path> read_only_;
};

/// `AUTOTUNE_CACHE_DIR`, else `$XDG_CACHE_HOME/autotune`, else `~/.cache/autotune`.
[[nodiscard]] std::filesystem::path cache_folder();

}  // namespace autotune
