#pragma once
#include <optional>

#include "autotune/device.hpp"
#include "energy/meter_facts.hpp"

namespace autotune {

/// Where the self-test of a device's meter is kept: one file for each device and driver, since
/// either may change what the sensor does.
[[nodiscard]] std::filesystem::path meter_facts_path(const Device& device);

/// What an earlier self-test of this device under this driver found; nothing if there was none or
/// its file cannot be read, since testing again costs seconds.
[[nodiscard]] std::optional<MeterFacts> load_meter_facts(const Device& device);

/// @throws Error (io) if the file cannot be written
void save_meter_facts(const Device& device, const MeterFacts& facts);

}  // namespace autotune
