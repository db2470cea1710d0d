// Whether a configuration's figure depends on which ones ran before it: the batches of one arm in
// ascending, descending and shuffled order, each order in a worker of its own that is not renewed
// on the way. Prints a Markdown table.
//
//     autotune_order_effect MODEL --inputs FILE
//
// Every window of a batch stands beside one of a reference, so that the machine's drift (10 % over
// minutes on a shared host) cancels in their ratio, while what the process has been through
// (allocator, caches, thread pools) stays as the order made it.
#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "benchmarks/measuring_program.hpp"
#include "benchmarks/never_fresh.hpp"
#include "measure/runner.hpp"

namespace {

using namespace autotune;

constexpr int reference_batch = 8;

po::variables_map parse(int argc, char** argv) {
  po::options_description options("autotune_order_effect MODEL [OPTIONS]");
  add_measuring_options(options, "quick");
  // clang-format off
  options.add_options()
      ("precision", po::value<std::string>(), "of the plain arm; by default bf16, else fp32")
      ("batches", po::value<int>()->default_value(24), "how many, spread over the logarithm")
      ("max-batch", po::value<int>()->default_value(128), "the largest of them")
      ("pairs", po::value<int>()->default_value(3), "of windows per batch and order, 2 or more")
      ("seed", po::value<std::uint64_t>()->default_value(0), "of the shuffled order")
      ("no-reset", "the naive way, for contrast: the heap as glibc has it, never brought back");
  // clang-format on
  po::positional_options_description positions;
  positions.add("model", 1);
  return autotune::parse(argc, argv, options, positions);
}

struct Order {
  const char* name;
  std::vector<std::size_t> visits;  ///< Indices of batches.
};

std::array<Order, 3> orders_of(std::size_t batches, std::uint64_t seed) {
  std::vector<std::size_t> ascending(batches);
  for (std::size_t i = 0; i < batches; ++i) ascending[i] = i;
  auto shuffled = ascending;
  std::mt19937_64 generator(seed);
  std::ranges::shuffle(shuffled, generator);
  return {{{"ascending", ascending},
           {"descending", {ascending.rbegin(), ascending.rend()}},
           {"shuffled", shuffled}}};
}

/// @throws Error (usage) if the device or the model has no such arm
Arm arm_of(const Description& description, const po::variables_map& values) {
  std::vector<std::string> wanted{"bf16", "fp32"};
  if (values.count("precision")) wanted = {values["precision"].as<std::string>()};
  for (const std::string& precision : wanted) {
    for (Arm arm : description.arms) {
      if (arm.layout != Layout::plain || to_string(arm.precision) != precision) continue;
      if (values.count("no-reset")) arm.execution.retained_heap = false;
      return arm;
    }
  }
  throw Error(ErrorCode::usage, fmt::format("there is no plain arm in {} here.", wanted.back()));
}

/// Measures `pairs` pairs of every batch: configuration 0 of the record is the reference, 1 + i the
/// batch of index i. Which window of a pair comes first takes turns: a steady drift then adds to
/// one pair what it takes from the next.
RaceRecord run_through(const Order& order, const std::vector<int>& batches, const Arm& arm,
                       int pairs, Runner& runner) {
  const Config reference{std::min(reference_batch, batches.back()), arm};
  RaceRecord record(1 + batches.size());
  std::size_t pair = 0;
  for (const std::size_t index : order.visits) {
    const Config config{batches[index], arm};
    for (int i = 0; i < pairs; ++i, ++pair) {
      const bool reference_first = pair % 2 == 0;
      if (reference_first) record.add(0, pair, runner.window(reference));
      record.add(1 + index, pair, runner.window(config));
      if (!reference_first) record.add(0, pair, runner.window(reference));
    }
    fmt::print(stderr, "{}: batch {}\n", order.name, config.batch);
  }
  return record;
}

/// Without times, so that each pair has a level of its own: the process may change with a step from
/// one pair to the next, which a drift on the clock would smear over both.
RoundComparison compare(const RaceRecord& record) {
  std::vector<RoundWindow> windows;
  for (const RoundWindow& window : record.windows()) {
    windows.push_back({window.configuration, window.round, window.joules_per_unit, {}, {}});
  }
  return compare_rounds(windows);
}

/// How far the orders are apart at one batch.
struct Gap {
  double difference = 0;  ///< Of the largest ratio over the smallest.
  double half_width = 0;  ///< Of the widest interval, relative to its ratio.
  bool agree = false;     ///< Each two intervals overlap; without an effect 98 of 100 do.
};

/// Nothing where an order has no ratio.
std::optional<Gap> gap_of(const std::vector<std::optional<Ratio>>& ratios) {
  Gap gap;
  double least = INFINITY, most = 0, highest_low = 0, lowest_high = INFINITY;
  for (const auto& ratio : ratios) {
    if (!ratio) return std::nullopt;
    least = std::min(least, ratio->value);
    most = std::max(most, ratio->value);
    highest_low = std::max(highest_low, ratio->ci95.low);
    lowest_high = std::min(lowest_high, ratio->ci95.high);
    gap.half_width = std::max(gap.half_width, ratio->half_width() / ratio->value);
  }
  gap.difference = most / least - 1;
  gap.agree = highest_low <= lowest_high;
  return gap;
}

void print_summary(const std::vector<Gap>& gaps, std::size_t batches) {
  if (gaps.empty()) return fmt::print("\nNo batch was measured in all orders.\n");
  std::vector<double> half_widths;
  for (const Gap& gap : gaps) half_widths.push_back(gap.half_width);
  const auto agreeing = std::ranges::count(gaps, true, &Gap::agree);
  fmt::print(
      "\nAll three orders agree at {} of {} batches ({:.0f} %); {} could not be compared. Largest "
      "difference: {:.2f} %. Widest interval of a batch: ±{:.2f} % (median).\n",
      agreeing, gaps.size(),
      100.0 * static_cast<double>(agreeing) / static_cast<double>(gaps.size()),
      batches - gaps.size(), 100 * std::ranges::max(gaps, {}, &Gap::difference).difference,
      100 * quantile(half_widths, 0.5));
}

/// What tells the heap's part apart from the machine's noise: one count for each order.
std::string page_faults(const std::vector<RaceRecord>& records, std::size_t configuration) {
  std::string text;
  for (const RaceRecord& record : records)
    text += (text.empty() ? "" : ", ") + record.page_faults(configuration);
  return text;
}

void print_table(const std::vector<int>& batches, const std::array<Order, 3>& orders,
                 const std::vector<RaceRecord>& records) {
  std::vector<RoundComparison> comparisons;
  fmt::print("| batch |");
  for (const Order& order : orders) fmt::print(" {} |", order.name);
  fmt::print(
      " largest difference | agree | page faults per iteration |\n|---|---|---|---|---|---|---|\n"
      "| reference |");
  for (const RaceRecord& record : records) {
    comparisons.push_back(compare(record));
    fmt::print(" 1 {} |", record.remarks(0));
  }
  fmt::print(" | | {} |\n", page_faults(records, 0));
  std::vector<Gap> gaps;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    std::vector<std::optional<Ratio>> ratios;
    fmt::print("| {} |", batches[i]);
    for (std::size_t order = 0; order < records.size(); ++order) {
      ratios.push_back(comparisons[order].ratio(1 + i, 0));
      fmt::print(" {} {} |", cell(ratios.back()), records[order].remarks(1 + i));
    }
    const auto gap = gap_of(ratios);
    fmt::print(" {} | {} | {} |\n",
               gap ? fmt::format("{:.2f} %", 100 * gap->difference) : report::no_figure,
               gap ? gap->agree ? "yes" : "no" : report::no_figure, page_faults(records, 1 + i));
    if (gap) gaps.push_back(*gap);
  }
  print_summary(gaps, batches.size());
}

void show_order_effect(const po::variables_map& values) {
  const int pairs = at_least(values, "pairs", 2);  // An interval needs two.
  const int last = at_least(values, "max-batch", 2);
  const std::vector<int> batches = spread(last, std::min(last, at_least(values, "batches", 2)));
  const auto orders = orders_of(batches.size(), values["seed"].as<std::uint64_t>());
  const Effort effort = effort_of(values);
  std::vector<RaceRecord> records;
  for (const Order& order : orders) {
    Session session = open_session(values);  // A worker without a past.
    const Description description = session.workload().describe();
    const Arm arm = arm_of(description, values);
    if (records.empty()) {
      fmt::print("{}; {}, {} pairs, effort {}, seed {}; ratios to batch {}{}\n\n",
                 subject(session, description), to_string(arm), pairs, to_string(effort),
                 values["seed"].as<std::uint64_t>(), std::min(reference_batch, last),
                 values.count("no-reset") ? "; memory never brought back" : "");
    }
    NeverFresh never_fresh(session.workload());
    Workload& workload = values.count("no-reset") ? never_fresh : session.workload();
    Runner runner(workload, session.meters(), MeasureOptions::for_effort(effort), description,
                  &session.watch());
    records.push_back(run_through(order, batches, arm, pairs, runner));
  }
  print_table(batches, orders, records);
}

}  // namespace

int main(int argc, char** argv) {
  return autotune::run_program("autotune_order_effect",
                               [&] { show_order_effect(parse(argc, argv)); });
}
