#pragma once
#include <string>
#include <string_view>

namespace autotune {

/// The last lines of a log on one line, at most 400 bytes of clean UTF-8; empty if there are none.
[[nodiscard]] std::string last_words(std::string_view log);

/// `text` as one line of clean UTF-8 for a message, cut after `max_bytes`.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t max_bytes);

}  // namespace autotune
