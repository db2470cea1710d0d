#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace autotune::cli {

/// Each runs one subcommand on the words after its name and returns the exit status.
int tune_command(const std::vector<std::string>& words);
int measure_command(const std::vector<std::string>& words);
int show_command(const std::vector<std::string>& words);
int devices_command(const std::vector<std::string>& words);
int doctor_command(const std::vector<std::string>& words);

}  // namespace autotune::cli
