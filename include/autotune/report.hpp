#pragma once
#include <string>

#include "autotune/profile.hpp"
#include "autotune/tuner.hpp"

namespace autotune {

/// The table a person reads after a tune; ends with a line feed.
[[nodiscard]] std::string table(const TuneResult& result, const std::string& profile_path);

/// One measured configuration, as lines.
[[nodiscard]] std::string table(const Trial& trial, const Description& workload,
                                const MeterInfo& meter);

/// A stored profile.
[[nodiscard]] std::string table(const Profile& profile);

/// The object that `tune --json` prints (docs/json.md).
[[nodiscard]] std::string to_json(const TuneResult& result, const std::string& profile_path);

/// The object that `measure --json` prints.
[[nodiscard]] std::string to_json(const Trial& trial, const Device& device, const MeterInfo& meter);

/// The array that `devices --json` prints.
[[nodiscard]] std::string to_json(const std::vector<Device>& devices);

}  // namespace autotune
