#pragma once
#include <c10/core/ScalarType.h>

#include <optional>
#include <string>
#include <string_view>

namespace autotune {

/// Names as in Python: `float32`, `int64`, `bool`.
[[nodiscard]] std::string_view scalar_type_name(c10::ScalarType type) noexcept;
[[nodiscard]] std::optional<c10::ScalarType> parse_scalar_type(std::string_view name) noexcept;

/// All names there are, for messages.
[[nodiscard]] std::string scalar_type_names();

}  // namespace autotune
