// The autotune program: finds, measures and shows configurations (docs/cli.md).
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <exception>

#include "autotune/error.hpp"
#include "commands.hpp"

namespace autotune::cli {
namespace {

struct Command {
  std::string_view name;
  std::string_view summary;
  int (*run)(const std::vector<std::string>& words);
};

constexpr std::array<Command, 5> commands{{
    {"tune", "find the configuration with the least energy per unit of work", tune_command},
    {"measure", "measure one configuration by the same protocol", measure_command},
    {"show", "print a stored profile", show_command},
    {"devices", "list the hardware a model can run on", devices_command},
    {"doctor",
     "say which energy meters work here, why others do not and what helps; check an engine",
     doctor_command},
}};

std::string start_page() {
  std::string text =
      "autotune finds the batch size, precision and memory layout that spend the least energy\n"
      "per token on this hardware, and keeps the answer in a profile.\n\n"
      "  autotune tune folder                           tune a variant set\n"
      "  autotune tune model.pt --inputs inputs.pt      tune a TorchScript model\n"
      "  autotune tune --exec \"COMMAND\"                 tune another engine\n"
      "  autotune show model                            what was found\n\n"
      "Commands (each takes --help):\n";
  for (const Command& command : commands) {
    text += fmt::format("  {:<9}{}\n", command.name, command.summary);
  }
  return text;
}

int run(const std::vector<std::string>& words) {
  if (words.empty()) {
    fmt::print(stderr, "{}", start_page());
    return exit_status(ErrorCode::usage);
  }
  if (words.front() == "--help" || words.front() == "-h" || words.front() == "help") {
    fmt::print("{}", start_page());
    return 0;
  }
  if (words.front() == "--version") {
    fmt::print("autotune {}\n", AUTOTUNE_VERSION);
    return 0;
  }
  for (const Command& command : commands) {
    if (command.name == words.front()) return command.run({words.begin() + 1, words.end()});
  }
  std::string known;
  for (const Command& command : commands) {
    known += fmt::format("{}{}", known.empty() ? "" : ", ", command.name);
  }
  throw Error(ErrorCode::usage,
              fmt::format("unknown command '{}'. Known: {}.", words.front(), known));
}

}  // namespace
}  // namespace autotune::cli

int main(int argc, char** argv) {
  try {
    return autotune::cli::run({argv + 1, argv + argc});
  } catch (const autotune::Error& error) {
    fmt::print(stderr, "autotune: {}\n", error.what());
    return autotune::exit_status(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "autotune: {}\n", error.what());
    return 1;
  }
}
