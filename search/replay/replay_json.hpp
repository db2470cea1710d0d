#pragma once
#include <string>

#include "search/replay/replay.hpp"

namespace autotune::replay {

/// One line of JSON, as `autotune_replay` prints it (docs/search.md#replay).
/// @param name of the table
[[nodiscard]] std::string to_json(const ReplayResult& result, const Table& table,
                                  const std::string& name, std::uint64_t seed);

}  // namespace autotune::replay
