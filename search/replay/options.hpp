#pragma once
#include <boost/program_options.hpp>

#include "search/replay/replay.hpp"

// The flags of the programs that replay tables, the same in each.
namespace autotune::replay {

namespace po = boost::program_options;

/// --noise … --probe-seconds and --max-latency-ms, --max-memory-mib, --units-per-row.
void add_model_flags(po::options_description& options);

/// What those flags say; searcher, seed, budget and incumbent are the caller's.
/// @throws Error (usage) naming the flag
[[nodiscard]] ReplayOptions model_of(const po::variables_map& values);

/// The value of a flag that is there, or has a default.
/// @throws Error (usage) unless least <= value <= most
[[nodiscard]] std::int64_t whole_number(const po::variables_map& values, const char* flag,
                                        std::int64_t least, std::int64_t most);

/// Nothing if the flag is not there. @throws Error (usage) unless positive and finite
[[nodiscard]] std::optional<double> positive(const po::variables_map& values, const char* flag);

/// Parses, without guessing at abbreviations; ends the program with the help if asked for.
/// @throws Error (usage)
[[nodiscard]] po::variables_map parse(int argc, char** argv, const po::options_description& shown,
                                      const char* positional, const char* usage);

/// Runs a program whose errors end in one message: exit status 2 for usage, else that of its kind.
int run_program(const char* name, void (*program)(int argc, char** argv), int argc, char** argv);

}  // namespace autotune::replay
