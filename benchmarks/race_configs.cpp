// Measures configurations against each other, e.g. the picks of several tunes: a race of as many
// rounds as asked for, each with one window of every configuration in a new random order. Nothing
// is left out and nothing ends early, so that the intervals are those of the rounds that were
// planned. Prints a Markdown table.
//
//     autotune_race MODEL --inputs FILE --rounds 12 --seed 1 CONFIG CONFIG...
//
// A CONFIG is measured as it is written: one without retained_heap=1 takes a worker of its own.
#include <algorithm>

#include "benchmarks/measuring_program.hpp"
#include "measure/runner.hpp"
#include "tuner/race.hpp"

namespace {

using namespace autotune;

constexpr double most_soak_seconds = 60;

po::variables_map parse(int argc, char** argv) {
  po::options_description options("autotune_race MODEL [OPTIONS] CONFIG CONFIG...");
  add_measuring_options(options, "standard");
  // clang-format off
  options.add_options()
      ("rounds", po::value<int>()->default_value(12), "windows of each configuration, 2 or more")
      ("seed", po::value<std::uint64_t>()->default_value(0), "of the order within rounds")
      ("config", po::value<std::vector<std::string>>()->required(),
       "batch=8,precision=bf16,layout=plain,retained_heap=1; ratios are to the first one");
  // clang-format on
  po::positional_options_description positions;
  positions.add("model", 1).add("config", -1);
  return autotune::parse(argc, argv, options, positions);
}

std::vector<Config> configs_of(const po::variables_map& values) {
  std::vector<Config> configs;
  for (const std::string& text : values["config"].as<std::vector<std::string>>()) {
    const Config config = parse_config(text);
    if (std::ranges::count(configs, config)) {
      throw Error(ErrorCode::usage, fmt::format("{} is named twice.", to_string(config)));
    }
    configs.push_back(config);
  }
  if (configs.size() < 2) throw Error(ErrorCode::usage, "a race takes two configurations or more.");
  return configs;
}

RoundComparison compare(const RaceRecord& record, std::size_t configurations) {
  ComparisonOptions options;
  for (std::size_t i = 0; i < configurations; ++i) {
    // One window may be luck.
    if (std::ranges::count(record.windows(), i, &RoundWindow::configuration) < 2) {
      options.barred.push_back(i);
    }
  }
  return compare_rounds(record.windows(), options);
}

/// Joules per unit and their interval, as two cells.
std::string cells(const std::optional<Estimate>& estimate) {
  if (!estimate) return fmt::format("{0} | {0}", report::no_figure);
  if (!estimate->ci95) return fmt::format("{:.5g} | {}", estimate->value, report::no_figure);
  return fmt::format("{:.5g} | {:.5g} … {:.5g}", estimate->value, estimate->ci95->low,
                     estimate->ci95->high);
}

void print_table(const std::vector<Config>& configs, const RaceRecord& record) {
  const RoundComparison comparison = compare(record, configs.size());
  fmt::print(
      "| configuration | joules per unit | 95 % interval | ratio to the first (95 %) | standing "
      "| flags |\n|---|---|---|---|---|---|\n");
  for (std::size_t i = 0; i < configs.size(); ++i) {
    fmt::print("| `{}` | {} | {} | {} | {} |\n", to_string(configs[i]),
               cells(comparison.estimate(i)), i == 0 ? "1" : cell(comparison.ratio(i, 0)),
               to_string(comparison.standing(i)), record.remarks(i));
  }
}

void race_configs(const po::variables_map& values) {
  const std::vector<Config> configs = configs_of(values);
  const auto rounds = static_cast<std::size_t>(at_least(values, "rounds", 2));
  const auto seed = values["seed"].as<std::uint64_t>();
  const Effort effort = effort_of(values);
  Session session = open_session(values);
  const Description description = session.workload().describe();
  Runner runner(session.workload(), session.meters(), MeasureOptions::for_effort(effort),
                description, &session.watch());
  if (effort != Effort::quick) runner.soak(configs.front(), most_soak_seconds);

  RaceRecord record(configs.size());
  std::size_t round = 0;
  const auto measure = [&](const Config& config) {
    const auto index = std::ranges::find(configs, config) - configs.begin();
    record.add(static_cast<std::size_t>(index), round, runner.window(config));
    return true;
  };
  race(
      configs, rounds, seed, measure, [] { return true; },
      [&](std::size_t done, std::vector<Config>&) {
        round = done;
        fmt::print(stderr, "round {} of {}\n", done, rounds);
      });
  fmt::print("{}; {} rounds, effort {}, seed {}\n\n", subject(session, description), rounds,
             to_string(effort), seed);
  print_table(configs, record);
}

}  // namespace

int main(int argc, char** argv) {
  return autotune::run_program("autotune_race", [&] { race_configs(parse(argc, argv)); });
}
