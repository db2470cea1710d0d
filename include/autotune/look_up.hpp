#pragma once
#include <string>
#include <vector>

#include "autotune/device.hpp"
#include "autotune/profile.hpp"

namespace autotune {

/// What an application learns at its start.
struct LookUp {
  Found found;
  Device device;  ///< Where the model is to run: that of the profile, if one was found.
};

/// The profile of a model for the hardware at hand, by files alone: no CUDA context, no NVML, no
/// child process, no measurement.
/// @param name_or_fingerprint as in `ProfileStore::find`; `model_fingerprint` gives the latter
/// @param device `auto` takes the first GPU that has a profile, else the CPU if it has one, else
/// the
///        first GPU or the CPU without a profile; or `cpu`, `cuda`, `cuda:N`
/// @throws Error (usage) for another word or an ambiguous name, (device) if there is no such device
[[nodiscard]] LookUp look_up(const std::string& name_or_fingerprint, const std::string& device,
                             const Limits& limits, std::vector<std::string>& warnings);

}  // namespace autotune
