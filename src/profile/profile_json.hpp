#pragma once
#include <string>

#include "autotune/profile.hpp"
#include "vocabulary/json.hpp"

namespace autotune::profile {

/// What a text that should be a profile is.
enum class TextState {
  readable,
  newer,    ///< A later version of the format wrote it: leave it alone.
  damaged,  ///< Empty, cut off, no JSON, or a field is missing.
};

struct Text {
  TextState state = TextState::damaged;
  Profile profile;      ///< If `readable`.
  std::string problem;  ///< Otherwise: what is wrong with it.
};

[[nodiscard]] Text read_text(const std::string& json);

/// The same without `trials`, which are nearly all of a file: a look-up that needs only the answer
/// stays well below a millisecond. Files that are laid out in another way are read whole.
[[nodiscard]] Text read_head(const std::string& json);

/// What decides whether joules of two profiles of one workload and device may stand side by side:
/// the same conditions, meter, rows and units per row.
[[nodiscard]] bool comparable(const Profile& a, const Profile& b);

}  // namespace autotune::profile
