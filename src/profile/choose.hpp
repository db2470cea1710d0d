#pragma once
#include "autotune/profile.hpp"

namespace autotune::profile {

/// Whether the profile's own `best` meets them, so that the other points need not be looked at.
[[nodiscard]] bool best_meets(const Profile& profile, const Limits& limits);

/// The best of the profile's measured points within the limits: its own `best` where that meets
/// them, else the least energy per unit, or the least time per unit where no joules were read.
/// Null if none meets them.
[[nodiscard]] const Trial* choose(const Profile& profile, const Limits& limits);

/// Which measured point comes closest, for a message about limits that nothing meets.
[[nodiscard]] std::string closest_miss(const Profile& profile, const Limits& limits);

}  // namespace autotune::profile
