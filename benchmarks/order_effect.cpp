// Whether a configuration's figure depends on which ones ran before it in its process: the batches
// of one arm in ascending, descending and shuffled order, each order in one worker that is not
// renewed on the way. Prints a Markdown table.
//
//     autotune_order_effect MODEL --inputs FILE
//
// Every window of a batch stands beside one of the same batch in a worker that has run nothing
// else: their ratio is what the order did. A common reference batch would not do: on a shared host
// two batches lean on different things (arithmetic, memory, the last cache), so that their ratio
// moves by 20 % within minutes while no process changes.
#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "benchmarks/measuring_program.hpp"
#include "benchmarks/never_fresh.hpp"
#include "measure/runner.hpp"

namespace {

using namespace autotune;

po::variables_map parse(int argc, char** argv) {
  po::options_description options("autotune_order_effect MODEL [OPTIONS]");
  add_measuring_options(options, "quick");
  // clang-format off
  options.add_options()
      ("precision", po::value<std::string>(), "of the plain arm; by default bf16, else fp32")
      ("batches", po::value<int>()->default_value(8), "how many, spread over the logarithm")
      ("max-batch", po::value<int>()->default_value(128), "the largest of them")
      ("pairs", po::value<int>()->default_value(4), "of windows beside each fresh worker, 2 or more")
      ("fresh", po::value<int>()->default_value(3), "workers per batch and order, 2 or more")
      ("window-seconds", po::value<double>(), "of each window; by default the effort's. Short ones "
                                              "stand closer together")
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

MeasureOptions measure_options(const po::variables_map& values) {
  MeasureOptions options = MeasureOptions::for_effort(effort_of(values));
  if (values.count("window-seconds")) {
    options.window_seconds = values["window-seconds"].as<double>();
    options.min_iterations = 1;
  }
  return options;
}

/// A worker of its own and what measures in it.
class Process {
 public:
  Process(Session& session, const po::variables_map& values)
      : worker_(start(session, values)),
        never_fresh_(*worker_),
        runner_(values.count("no-reset") ? never_fresh_ : *worker_, session.meters(),
                measure_options(values), worker_->describe(), &session.watch()) {}

  Window window(const Config& config) { return runner_.window(config); }

 private:
  static std::unique_ptr<Workload> start(const Session& session, const po::variables_map& values) {
    WorkerOptions options = worker_options(values);
    options.workload.device = session.device().id;
    return start_worker(options);
  }

  std::unique_ptr<Workload> worker_;
  NeverFresh never_fresh_;
  Runner runner_;
};

/// One batch of one order: per fresh worker that stood beside it, ln(joules in order / in fresh).
struct Visit {
  std::vector<double> log_ratios;
  std::vector<double> page_faults;  ///< Per iteration, of the order's windows.
  std::vector<std::string> flags;

  /// Over the fresh workers: what differs between two processes is part of the interval.
  [[nodiscard]] std::optional<Ratio> ratio() const {
    if (log_ratios.size() < 2) return std::nullopt;
    std::vector<double> ratios;
    for (const double value : log_ratios) ratios.push_back(std::exp(value));
    return paired_ratio(ratios, std::vector<double>(ratios.size(), 1.0));
  }
};

/// Which window of a pair comes first takes turns: a steady drift then adds to one pair what it
/// takes from the next.
void add_pairs(Process& ordered, Process& fresh, const Config& config, int pairs, Visit& visit) {
  std::vector<double> ratios;
  for (int i = 0; i < pairs; ++i) {
    std::array<Window, 2> windows;  // The order's, the fresh worker's.
    for (const std::size_t side : {i % 2, 1 - i % 2}) {
      windows[side] = (side == 0 ? ordered : fresh).window(config);
      for (const std::string& flag : windows[side].flags) visit.flags.push_back(flag);
    }
    if (const auto faults = windows[0].page_faults_per_iteration) {
      visit.page_faults.push_back(*faults);
    }
    if (windows[0].joules_per_unit && windows[1].joules_per_unit) {
      ratios.push_back(std::log(*windows[0].joules_per_unit / *windows[1].joules_per_unit));
    }
  }
  if (!ratios.empty()) visit.log_ratios.push_back(quantile(ratios, 0.5));
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

using Visits = std::vector<Visit>;  ///< One for each batch.

void print_table(const std::vector<int>& batches, const std::array<Order, 3>& orders,
                 const std::vector<Visits>& visits) {
  fmt::print("| batch |");
  for (const Order& order : orders) fmt::print(" {} |", order.name);
  fmt::print(
      " largest difference | agree | page faults per iteration | flagged windows |\n"
      "|---|---|---|---|---|---|---|---|\n");
  std::vector<Gap> gaps;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    std::vector<std::optional<Ratio>> ratios;
    std::string faults;
    std::size_t flags = 0;
    fmt::print("| {} |", batches[i]);
    for (const Visits& order : visits) {
      ratios.push_back(order[i].ratio());
      fmt::print(" {} |", cell(ratios.back()));
      faults += faults.empty() ? "" : ", ";
      faults += order[i].page_faults.empty()
                    ? report::no_figure
                    : fmt::format("{:.1f}", quantile(order[i].page_faults, 0.5));
      flags += order[i].flags.size();
    }
    const auto gap = gap_of(ratios);
    fmt::print(" {} | {} | {} | {} |\n",
               gap ? fmt::format("{:.2f} %", 100 * gap->difference) : report::no_figure,
               gap ? gap->agree ? "yes" : "no" : report::no_figure, faults, flags);
    if (gap) gaps.push_back(*gap);
  }
  print_summary(gaps, batches.size());
}

// All orders take turns batch by batch, so that none has the quieter minutes.
void show_order_effect(const po::variables_map& values) {
  const int pairs = at_least(values, "pairs", 2);
  const int fresh_workers = at_least(values, "fresh", 2);  // An interval needs two.
  const int last = at_least(values, "max-batch", 2);
  const std::vector<int> batches = spread(last, std::min(last, at_least(values, "batches", 2)));
  const auto orders = orders_of(batches.size(), values["seed"].as<std::uint64_t>());
  Session session = open_session(values);
  const Description description = session.workload().describe();
  const Arm arm = arm_of(description, values);
  fmt::print(
      "{}; {}, {} fresh workers of {} pairs of {} s, seed {}; ratios to a worker that ran "
      "nothing else{}\n\n",
      subject(session, description), to_string(arm), fresh_workers, pairs,
      measure_options(values).window_seconds, values["seed"].as<std::uint64_t>(),
      values.count("no-reset") ? "; memory never brought back" : "");
  std::vector<std::unique_ptr<Process>> ordered;
  std::vector<Visits> visits(orders.size(), Visits(batches.size()));
  for (std::size_t i = 0; i < orders.size(); ++i) {
    ordered.push_back(std::make_unique<Process>(session, values));
  }
  for (std::size_t visit = 0; visit < batches.size(); ++visit) {
    for (std::size_t i = 0; i < orders.size(); ++i) {
      const std::size_t index = orders[i].visits[visit];
      const Config config{batches[index], arm};
      for (int worker = 0; worker < fresh_workers; ++worker) {
        Process fresh(session, values);
        add_pairs(*ordered[i], fresh, config, pairs, visits[i][index]);
      }
      fmt::print(stderr, "{}: batch {}\n", orders[i].name, config.batch);
    }
  }
  print_table(batches, orders, visits);
}

}  // namespace

int main(int argc, char** argv) {
  return autotune::run_program("autotune_order_effect",
                               [&] { show_order_effect(parse(argc, argv)); });
}
