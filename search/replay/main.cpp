// Lets a searcher search recorded tables and says how far its pick lies from the best: one line of
// JSON per run (docs/search.md#replay).
//
//     autotune_replay profiles/recorded/vidur/*.csv --windows 60 --repeats 20 --seed 1
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <string>
#include <vector>

#include "autotune/error.hpp"
#include "search/replay/options.hpp"
#include "search/replay/replay_json.hpp"

namespace {

using namespace autotune;
using namespace autotune::replay;

constexpr std::int64_t most = std::numeric_limits<int>::max();

std::string searcher_help() {
  std::string text = fmt::format("(default: {}) one of:", searchers().front().name);
  for (const SearcherEntry& entry : searchers()) {
    text += fmt::format("\n{}: {}", entry.name, entry.summary);
  }
  return text;
}

po::options_description flags() {
  po::options_description options("Options");
  // clang-format off
  options.add_options()
      ("help", "print this and exit")
      ("searcher", po::value<std::string>()->default_value("", ""), searcher_help().c_str())
      ("windows", po::value<std::int64_t>(), "energy windows a run may take")
      ("seconds", po::value<double>(), "simulated seconds it may take")
      ("joules", po::value<double>(), "joules it may take")
      ("seed", po::value<std::int64_t>()->default_value(0), "of the first run; then one more each")
      ("repeats", po::value<std::int64_t>()->default_value(1), "runs per table")
      ("incumbent", po::value<std::string>(), "ARM,BATCH: measured first");
  // clang-format on
  add_model_flags(options);
  return options;
}

/// `ARM,BATCH`; the arm's name may have commas.
Candidate parse_incumbent(const std::string& text, const Table& table) {
  const auto comma = text.rfind(',');
  int batch = 0;
  if (comma != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + comma + 1, end, batch);
    if (parsed.ec == std::errc{} && parsed.ptr == end) {
      return table.find(std::string_view(text).substr(0, comma), batch);
    }
  }
  throw Error(ErrorCode::usage, fmt::format("--incumbent {}: ARM,BATCH, please.", text));
}

SearchBudget budget_of(const po::variables_map& values) {
  SearchBudget budget{.seconds = positive(values, "seconds"), .joules = positive(values, "joules")};
  if (values.count("windows")) {
    budget.windows = static_cast<int>(whole_number(values, "windows", 0, most));
  }
  return budget;
}

void replay_table(const std::string& file, const po::variables_map& values, ReplayOptions options) {
  const Table table = read_table(file);
  if (values.count("incumbent")) {
    options.incumbent = parse_incumbent(values["incumbent"].as<std::string>(), table);
  }
  const auto repeats = whole_number(values, "repeats", 1, most);
  const auto first_seed = static_cast<std::uint64_t>(
      whole_number(values, "seed", 0, std::numeric_limits<std::int64_t>::max()));
  for (std::int64_t repeat = 0; repeat < repeats; ++repeat) {
    options.seed = first_seed + static_cast<std::uint64_t>(repeat);
    fmt::print("{}\n", to_json(replay::replay(table, options), table, file, options.seed));
    std::fflush(stdout);
  }
}

void replay_tables(int argc, char** argv) {
  const auto values = parse(argc, argv, flags(), "table", "autotune_replay TABLE... [OPTIONS]");
  if (values.count("table") == 0) {
    throw Error(ErrorCode::usage, "name a recorded table: autotune_replay TABLE... [OPTIONS]");
  }
  ReplayOptions options = model_of(values);
  options.searcher = values["searcher"].as<std::string>();
  options.budget = budget_of(values);
  for (const auto& file : values["table"].as<std::vector<std::string>>()) {
    replay_table(file, values, options);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return replay::run_program("autotune_replay", replay_tables, argc, argv);
}
