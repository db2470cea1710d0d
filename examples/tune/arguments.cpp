#include "arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iostream>
#include <numeric>

#include "autotune/error.hpp"

namespace autotune::cli {
namespace {

/// Levenshtein distance.
std::size_t edits(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string suggestion(const std::string& flag, const po::options_description& options) {
  std::string nearest;
  std::size_t fewest = 4;
  for (const auto& option : options.options()) {
    const std::string name = "--" + option->long_name();
    if (const std::size_t count = edits(flag, name); count < fewest) {
      fewest = count;
      nearest = name;
    }
  }
  return nearest.empty() ? "See --help." : fmt::format("Did you mean {}?", nearest);
}

po::positional_options_description positions(const std::vector<std::string>& names) {
  po::positional_options_description description;
  for (const std::string& name : names) description.add(name.c_str(), 1);
  return description;
}

}  // namespace

po::variables_map parse(const std::vector<std::string>& words, po::options_description options,
                        const std::vector<std::string>& positional, const std::string& usage) {
  options.add_options()("help,h", "print this and exit");
  po::options_description all = options;
  po::options_description hidden;
  for (const std::string& name : positional) {
    hidden.add_options()(name.c_str(), po::value<std::string>());
  }
  all.add(hidden);
  namespace style = po::command_line_style;
  po::variables_map values;
  try {
    po::store(po::command_line_parser(words)
                  .options(all)
                  .positional(positions(positional))
                  .style(style::unix_style & ~style::allow_guessing)
                  .run(),
              values);
    po::notify(values);
  } catch (const po::unknown_option& error) {
    throw Error(ErrorCode::usage, fmt::format("unknown option '{}'. {}", error.get_option_name(),
                                              suggestion(error.get_option_name(), options)));
  } catch (const po::too_many_positional_options_error&) {
    throw Error(ErrorCode::usage, fmt::format("too many arguments. Usage: {}", usage));
  } catch (const po::error& error) {
    throw Error(ErrorCode::usage, fmt::format("{}. See --help.", error.what()));
  }
  if (values.count("help")) std::cout << "Usage: " << usage << "\n\n" << options;
  return values;
}

std::pair<int, int> parse_range(const std::string& text) {
  const auto number = [](std::string_view part) {
    int value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    return error == std::errc() && end == part.data() + part.size() ? value : -1;
  };
  const auto colon = text.find(':');
  const int first = number(std::string_view(text).substr(0, colon));
  const int last =
      colon == std::string::npos ? first : number(std::string_view(text).substr(colon + 1));
  if (first < 1 || last < first) {
    throw Error(ErrorCode::usage,
                fmt::format("--batch '{}' is not FIRST:LAST with 1 <= FIRST <= LAST. Example: "
                            "--batch 1:64.",
                            text));
  }
  return {first, last};
}

std::vector<std::string> parse_list(const std::string& text) {
  std::vector<std::string> words{""};
  for (const char character : text) {
    if (character == ',') {
      words.emplace_back();
    } else {
      words.back() += character;
    }
  }
  std::erase(words, "");
  return words;
}

void require_positive(const std::string& flag, double value, bool zero) {
  if (std::isfinite(value) && (value > 0 || (zero && value == 0))) return;
  throw Error(ErrorCode::usage, fmt::format("{} {} must be {} and finite.", flag, value,
                                            zero ? "at least 0" : "above 0"));
}

}  // namespace autotune::cli
