// Runs searchers on recorded tables and writes a row of CSV per run; search_report.py makes the
// tables and figures of docs/search.md of them.
//
//     autotune_search_score profiles/recorded/vidur --windows 20,60 --seeds 100 > vidur.csv
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <sstream>

#include "autotune/error.hpp"
#include "benchmarks/search_score_jobs.hpp"
#include "search/replay/options.hpp"

namespace {

using namespace autotune;
using namespace autotune::replay;

constexpr std::int64_t most = std::numeric_limits<int>::max();

po::options_description flags() {
  po::options_description options("Options");
  const auto text = [] { return po::value<std::string>(); };
  const auto count = [](std::int64_t value) {
    return po::value<std::int64_t>()->default_value(value);
  };
  // clang-format off
  options.add_options()
      ("help", "print this and exit")
      ("list", "print the searchers' names and exit")
      ("searchers", text(), "comma separated; all unless given")
      ("windows", text(), "LIST of limits, each of which makes a run of its own")
      ("seconds", text(), "LIST of limits")
      ("joules", text(), "LIST of limits")
      ("sweep-seconds", text(), "LIST of shares of what a sweep of the table takes")
      ("sweep-joules", text(), "LIST of shares of what a sweep of the table takes")
      ("unlimited", "also a run without a limit")
      ("seeds", count(20), "runs of each")
      ("seed", count(0), "of the first; the next has one more")
      ("every", count(1), "only every K-th table of each argument")
      ("elsewhere", "only tables of a workload that another device has too, and with its five best "
                    "and its edges as a prior")
      ("threads", count(2), "results do not depend on it");
  // clang-format on
  add_model_flags(options);
  return options;
}

std::vector<std::string> words_of(const std::string& list) {
  std::vector<std::string> words;
  std::istringstream stream(list);
  for (std::string word; std::getline(stream, word, ',');) words.push_back(word);
  return words;
}

std::vector<Limit> limits_of(const po::variables_map& values) {
  std::vector<Limit> limits;
  for (const char* flag : {"windows", "seconds", "joules", "sweep-seconds", "sweep-joules"}) {
    if (values.count(flag) == 0) continue;
    std::string kind = flag;
    std::replace(kind.begin(), kind.end(), '-', '_');
    for (const std::string& word : words_of(values[flag].as<std::string>())) {
      double value = 0;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
      const bool whole = error == std::errc{} && end == word.data() + word.size();
      if (!whole || !(value > 0) || value > static_cast<double>(most)) {
        throw Error(ErrorCode::usage, fmt::format("--{}: '{}' is no positive number.", flag, word));
      }
      limits.push_back({kind, value});
    }
  }
  if (values.count("unlimited")) limits.push_back({"none", 0});
  if (limits.empty()) throw Error(ErrorCode::usage, "name a limit: --windows 20,60, say.");
  return limits;
}

std::vector<std::string> searchers_of(const po::variables_map& values) {
  if (values.count("searchers")) return words_of(values["searchers"].as<std::string>());
  std::vector<std::string> names;
  for (const SearcherEntry& entry : searchers()) names.emplace_back(entry.name);
  return names;
}

std::vector<Job> jobs_of(const std::vector<NamedTable>& tables, const po::variables_map& values) {
  const auto limits = limits_of(values);
  const auto names = searchers_of(values);
  const auto seeds = whole_number(values, "seeds", 1, most);
  const auto first = whole_number(values, "seed", 0, std::numeric_limits<std::int64_t>::max());
  std::vector<Job> jobs;
  for (const NamedTable& table : tables) {
    std::optional<SearchPrior> prior = SearchPrior{};
    if (values.count("elsewhere")) prior = prior_elsewhere(table, tables);
    if (!prior) continue;
    for (const std::string& searcher : names) {
      for (const Limit& limit : limits) {
        for (std::int64_t i = 0; i < seeds; ++i) {
          jobs.push_back({&table, *prior, searcher, limit, static_cast<std::uint64_t>(first + i)});
        }
      }
    }
  }
  return jobs;
}

void score(int argc, char** argv) {
  const auto values =
      parse(argc, argv, flags(), "table", "autotune_search_score TABLE_OR_FOLDER... [OPTIONS]");
  if (values.count("list")) {
    for (const SearcherEntry& entry : searchers()) fmt::print("{}\n", entry.name);
    return;
  }
  if (values.count("table") == 0) throw Error(ErrorCode::usage, "name tables, or their folders.");
  const ReplayOptions model = model_of(values);
  const auto every = static_cast<std::size_t>(whole_number(values, "every", 1, most));
  const auto tables =
      read_tables(values["table"].as<std::vector<std::string>>(), every, model.charges);
  const auto threads = static_cast<unsigned>(whole_number(values, "threads", 1, 1024));
  const auto lines = run(jobs_of(tables, values), model, threads);
  fmt::print("{}\n", score_header);
  for (const std::string& line : lines) fmt::print("{}\n", line);
}

}  // namespace

int main(int argc, char** argv) {
  return replay::run_program("autotune_search_score", score, argc, argv);
}
