#include "search/replay/csv.hpp"

namespace autotune::replay {
namespace {

/// Takes a quoted field, quotes included, off the front of `rest`.
std::optional<std::string> take_quoted(std::string_view& rest) {
  std::string field;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] != '"') {
      field += rest[i];
    } else if (i + 1 < rest.size() && rest[i + 1] == '"') {
      field += rest[i++];
    } else {
      rest.remove_prefix(i + 1);
      return field;
    }
  }
  return std::nullopt;
}

std::optional<std::string> take_bare(std::string_view& rest) {
  const std::string_view field = rest.substr(0, rest.find(','));
  rest.remove_prefix(field.size());
  if (field.find('"') != std::string_view::npos) return std::nullopt;
  return std::string(field);
}

}  // namespace

std::optional<std::vector<std::string>> split_csv(std::string_view line) {
  std::vector<std::string> fields;
  while (true) {
    auto field = line.starts_with('"') ? take_quoted(line) : take_bare(line);
    if (!field) return std::nullopt;
    fields.push_back(std::move(*field));
    if (line.empty()) return fields;
    if (line.front() != ',') return std::nullopt;
    line.remove_prefix(1);
  }
}

}  // namespace autotune::replay
