// Records one model on this hardware, for every arm there is: BASE.csv, a recorded table with the
// energy at a spread of batches, and BASE_latency.csv with the latency of every batch.
//
//     autotune_record MODEL --inputs FILE --device cuda --out BASE --seconds 120
//
// Rows that the files already hold are not measured again, so a recording that was cut short goes
// on where it was.
#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "autotune/autotune.hpp"
#include "benchmarks/open_session.hpp"
#include "measure/runner.hpp"

namespace {

using namespace autotune;

// A latency is the median of a few iterations; an energy needs 50 changes of a counter that moves
// every 100 ms at least (docs/measuring.md).
const MeasureOptions latency_window{
    .window_seconds = 0.05, .min_iterations = 3, .warm_up_seconds = 0.02};
const MeasureOptions energy_window{
    .window_seconds = 5, .min_iterations = 5, .warm_up_seconds = 0.5};

enum class Columns { energy, latency };

/// The rows of a table on disk, by arm and batch. A row is written whole, at once.
class Table {
 public:
  Table(const std::string& path, Columns columns) : path_(path), columns_(columns) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) remember(line);
    if (std::filesystem::exists(path)) return;
    std::ofstream(path) << "arm,batch,latency_ms,"
                        << (columns == Columns::energy ? "joules_per_unit," : "")
                        << "status,peak_memory_bytes\n";
  }

  [[nodiscard]] bool has(const std::string& arm, int batch) const {
    return rows_.contains(fmt::format("{},{}", arm, batch));
  }

  void add(const std::string& arm, int batch, const Window& window) {
    const bool ok = window.status == TrialStatus::ok;
    std::string line = fmt::format("{},{},", arm, batch);
    line += ok ? fmt::format("{:.6g},", quantile(window.latencies_ms, 0.5)) : ",";
    if (columns_ == Columns::energy) {
      line += window.joules_per_unit ? fmt::format("{:.6g},", *window.joules_per_unit) : ",";
    }
    line += fmt::format("{},{}", to_string(window.status), window.peak_memory_bytes);
    std::ofstream(path_, std::ios::app) << line << std::endl;
    remember(line);
  }

 private:
  void remember(const std::string& line) {
    const auto second_comma = line.find(',', line.find(',') + 1);
    rows_.insert(line.substr(0, second_comma));
  }

  std::string path_;
  Columns columns_;
  std::set<std::string> rows_;
};

/// The arm as one word without commas.
std::string short_name(const Arm& arm) {
  return fmt::format("{}_{}", to_string(arm.precision), to_string(arm.layout));
}

/// About `count` batches spread evenly over the logarithm of 1 … last.
std::set<int> spread(int last, int count) {
  std::set<int> batches;
  for (int i = 0; i < count; ++i) {
    batches.insert(static_cast<int>(std::lround(std::pow(last, i / (count - 1.0)))));
  }
  return batches;
}

/// Measures the batches of one arm until `may_go_on` says no; false if it did.
template <typename MayGoOn>
bool record_arm(Runner& runner, Table& table, const Arm& arm, const std::set<int>& batches,
                MayGoOn may_go_on) {
  for (const int batch : batches) {
    if (table.has(short_name(arm), batch)) continue;
    if (!may_go_on()) return false;
    const Window window = runner.window({batch, arm});
    table.add(short_name(arm), batch, window);
    // Larger batches need more memory still.
    if (window.status == TrialStatus::out_of_memory) break;
  }
  return true;
}

po::variables_map parse(int argc, char** argv) {
  po::options_description options("autotune_record MODEL [OPTIONS]");
  // clang-format off
  options.add_options()
      ("help", "print this and exit")
      ("model", po::value<std::string>()->required(), "TorchScript file")
      ("inputs", po::value<std::string>()->required(), "its inputs, from torch.save")
      ("device", po::value<std::string>()->default_value("auto"), "auto, cpu, cuda or cuda:N")
      ("out", po::value<std::string>()->required(), "path without .csv; rows are appended")
      ("batches", po::value<int>()->default_value(512), "latency at every batch from 1 to this")
      ("stride", po::value<int>()->default_value(1), "latency at every stride-th batch")
      ("energies", po::value<int>()->default_value(12), "batches per arm whose energy is read")
      ("seconds", po::value<double>()->default_value(120), "stop after this long");
  // clang-format on
  po::positional_options_description positions;
  positions.add("model", 1);
  return autotune::parse(argc, argv, options, positions);
}

void introduce(const Session& session, const Description& description) {
  for (const std::string& warning : description.warnings) {
    fmt::print(stderr, "warning: {}\n", warning);
  }
  for (const UnsupportedArm& arm : description.unsupported) {
    fmt::print(stderr, "{} {}: {}\n", to_string(arm.precision), to_string(arm.layout), arm.reason);
  }
  const MeterInfo& meter = session.meters().front()->info();
  fmt::print(stderr, "{}: energy from {}, {}\n", session.device().name, to_string(meter.source),
             meter.note);
}

void record(const po::variables_map& values) {
  Session session = open_session(values);
  const Description description = session.workload().describe();
  introduce(session, description);

  SteadyClock clock;
  const Timestamp started = clock.now();
  const double seconds = values["seconds"].as<double>();
  const auto may_go_on = [&] { return in_seconds(clock.now() - started) < seconds; };
  const std::string base = values["out"].as<std::string>();
  Table energy_table(base + ".csv", Columns::energy);
  Table latency_table(base + "_latency.csv", Columns::latency);
  const int last = values["batches"].as<int>();
  const std::set<int> few = spread(last, values["energies"].as<int>());
  std::set<int> every;
  for (int batch = 1; batch <= last; batch += values["stride"].as<int>()) every.insert(batch);

  Runner energies(session.workload(), session.meters(), energy_window, description,
                  &session.watch());
  Runner latencies(session.workload(), session.meters(), latency_window, description);
  bool done = true;
  for (const Arm& arm : description.arms) {
    done = done && record_arm(energies, energy_table, arm, few, may_go_on);
    done = done && record_arm(latencies, latency_table, arm, every, may_go_on);
  }
  fmt::print(stderr, "{}\n", done ? "complete" : "cut short: call it again to go on");
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("autotune_record", [&] { record(parse(argc, argv)); });
}
