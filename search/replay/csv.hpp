#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autotune::replay {

/// The fields of one line of CSV (RFC 4180, without line breaks inside quotes); nothing if a quote
/// is not closed or stands inside a bare field.
[[nodiscard]] std::optional<std::vector<std::string>> split_csv(std::string_view line);

}  // namespace autotune::replay
