#include "worker/last_words.hpp"

#include <algorithm>
#include <vector>

#include "vocabulary/json.hpp"

namespace autotune {
namespace {

constexpr std::size_t max_lines = 3;
constexpr std::size_t max_words_bytes = 400;

bool is_control(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; }

/// Reasons end up in JSON, which takes nothing but UTF-8.
std::string as_utf8(std::string_view text) {
  const auto replaced = Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
  return Json::parse(replaced).get<std::string>();
}

std::string_view without_blank_end(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

/// Takes the last line off `log`.
std::string_view take_last_line(std::string_view& log) {
  const std::size_t newline = log.rfind('\n');
  const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
  const std::string_view line = log.substr(begin);
  log = without_blank_end(log.substr(0, begin));
  return line;
}

}  // namespace

std::string one_line(std::string_view text, std::size_t max_bytes) {
  std::string line(text.substr(0, max_bytes));
  std::replace_if(line.begin(), line.end(), is_control, ' ');
  return as_utf8(line) + (text.size() > max_bytes ? "..." : "");
}

std::string last_words(std::string_view log) {
  log = without_blank_end(log);
  std::string words;
  for (std::size_t lines = 0; lines < max_lines && !log.empty(); ++lines) {
    const std::string line(take_last_line(log));
    words = words.empty() ? line : line + " | " + words;
  }
  const std::size_t cut = words.size() > max_words_bytes ? words.size() - max_words_bytes : 0;
  return one_line(std::string_view(words).substr(cut), max_words_bytes);
}

}  // namespace autotune
