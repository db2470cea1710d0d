#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "autotune/profile.hpp"
#include "platform/file_lock.hpp"

namespace autotune::profile {

/// Of the device's profiles, relative to the store's folder.
[[nodiscard]] std::filesystem::path folder_of_device(const std::string& device_name);

/// `<device>/<name>-<hash of workload and identity>`, relative to the folder and without `.json`.
[[nodiscard]] std::filesystem::path stem_of(const Profile& profile);

/// Whether both are of the same workload on the same hardware; their names may differ.
[[nodiscard]] bool same_subject(const Profile& a, const Profile& b);

/// The text of a regular file.
/// @throws Error (profile) if it is a folder or cannot be read
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

/// Renames a damaged file to `.bad`. The caller holds the folder's lock.
void set_aside(const std::filesystem::path& path);

/// The lock that writers of `folder` hold.
/// @throws Error (profile) if another process keeps it, or it cannot be opened
[[nodiscard]] FileLock lock(const std::filesystem::path& folder);

/// Which profiles to read.
struct Filter {
  std::optional<std::string> key;  ///< Name, fingerprint or file stem; absent: every profile.

  [[nodiscard]] bool accepts(const Profile& profile) const;

  /// False if the text surely is no profile of that key, which is found out without parsing it.
  [[nodiscard]] bool may_accept(const std::filesystem::path& path, const std::string& text) const;
};

/// A folder of profiles, or a single file.
struct Layer {
  std::filesystem::path folder;
  bool own = false;  ///< The user's cache: damaged files are set aside.
};

/// How much of each file is wanted.
enum class Extent { whole, head };

/// Every readable profile of the layer, by path. What cannot be read is named in `warnings`.
[[nodiscard]] std::vector<Profile> read_layer(const Layer& layer, const Filter& filter,
                                              Extent extent, std::vector<std::string>& warnings);

}  // namespace autotune::profile
