#include "platform/file_name.hpp"

#include <cctype>

namespace autotune {
namespace {

constexpr std::size_t longest_part = 80;

}  // namespace

std::string file_name_part(const std::string& text, const char* if_empty) {
  std::string result;
  for (const char c : text.substr(0, longest_part)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
    if (plain && !(c == '.' && result.empty())) {
      result += c;
    } else if (!result.empty() && result.back() != '-') {
      result += '-';
    }
  }
  while (!result.empty() && result.back() == '-') result.pop_back();
  return result.empty() ? if_empty : result;
}

}  // namespace autotune
