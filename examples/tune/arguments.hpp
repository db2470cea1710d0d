#pragma once
#include <boost/program_options.hpp>
#include <string>
#include <utility>
#include <vector>

namespace autotune::cli {

namespace po = boost::program_options;

/// Parses the words of one subcommand.
///
/// Abbreviated flags are refused, since they would break when a flag is added. With --help among
/// the words the usage and the options are printed and `help` is set in the result.
/// @param positional names of the positional arguments, in order
/// @throws Error (usage) naming the flag and, for a misspelt one, the nearest there is
[[nodiscard]] po::variables_map parse(const std::vector<std::string>& words,
                                      po::options_description options,
                                      const std::vector<std::string>& positional,
                                      const std::string& usage);

/// `1:64` or `8`. @throws Error (usage) unless 1 <= first <= last
[[nodiscard]] std::pair<int, int> parse_range(const std::string& text);

/// Comma separated words, none empty.
[[nodiscard]] std::vector<std::string> parse_list(const std::string& text);

/// @throws Error (usage) naming the flag unless value > 0 (or >= 0 with `zero`) and finite
void require_positive(const std::string& flag, double value, bool zero = false);

}  // namespace autotune::cli
