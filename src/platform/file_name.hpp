#pragma once
#include <string>

namespace autotune {

/// `text` as a part of a file's name: letters, digits, `_` and `.` stay, anything else becomes one
/// `-`; at most 80 bytes, of the 255 that file systems allow.
/// @param if_empty what it is if nothing is left
[[nodiscard]] std::string file_name_part(const std::string& text, const char* if_empty);

}  // namespace autotune
