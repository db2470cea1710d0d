// Records one model on this hardware, for every arm there is: BASE.csv, a recorded table with the
// energy at a spread of batches, and BASE_latency.csv with the latency of every batch.
//
//     autotune_record MODEL --inputs FILE --device cuda --out BASE --seconds 120
//
// Goes from coarse to fine: every arm has one batch before any has three, and three before any has
// five, so that a recording that is cut short compares all arms. Energies come before latencies,
// which `--only` can separate. Rows that the files already hold are not measured again. Prints what
// there was to be recorded as JSON.
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "benchmarks/recording.hpp"

namespace {

using namespace autotune;

// A latency is the median of a few iterations. One that something disturbed stands out among its
// neighbours, and measuring it again would cost another batch.
const MeasureOptions latency_window{
    .window_seconds = 0.05, .min_iterations = 3, .warm_up_seconds = 0.02, .max_repeats = 0};

/// What one look at every arm takes, from coarse to fine.
using Passes = std::vector<std::set<int>>;

/// `count` batches spread evenly over the logarithm of 1 … last, fewer where whole numbers
/// coincide.
std::set<int> spread(int last, int count) {
  std::set<int> batches;
  for (int i = 0; i < count; ++i) {
    batches.insert(static_cast<int>(std::lround(std::pow(last, i / (count - 1.0)))));
  }
  return batches;
}

/// The batch in the middle, then 3, 5, 9, 17 … batches: each pass has those of the one before it.
Passes energy_passes(int last, int most) {
  Passes passes = {{static_cast<int>(std::lround(std::sqrt(last)))}};
  for (int count = 3; count < 2 * most; count = 2 * count - 1) {
    passes.push_back(spread(last, std::min(count, most)));
  }
  return passes;
}

/// Every 64th batch, every 16th, every fourth, every one; times `stride`.
Passes latency_passes(int last, int stride) {
  Passes passes;
  for (const int apart : {64, 16, 4, 1}) {
    passes.push_back({1});
    for (int batch = apart * stride; batch <= last; batch += apart * stride) {
      passes.back().insert(batch);
    }
  }
  return passes;
}

Window too_large() {
  Window window;
  window.status = TrialStatus::out_of_memory;
  return window;
}

/// Whether another batch of the arm would fail as well, each at the price of a worker.
bool spoils_the_arm(TrialStatus status) {
  return status != TrialStatus::ok && status != TrialStatus::out_of_memory;
}

/// Measures the batches of one arm; false if the time was over before.
bool record_arm(Recording& recording, Runner& runner, Table& table, const Arm& arm,
                const std::set<int>& batches) {
  const std::string name = short_name(arm);
  for (const int batch : batches) {
    if (table.has(name, batch)) continue;
    if (!recording.may_go_on()) return false;
    const Window window =
        table.is_too_large(name, batch) ? too_large() : runner.window({batch, arm});
    table.add(name, batch, window);
    if (spoils_the_arm(window.status)) break;
  }
  return true;
}

bool record_passes(Recording& recording, Runner& runner, Table& table, const Passes& passes) {
  std::vector<Arm> arms = recording.description().arms;
  for (const std::set<int>& batches : passes) {
    for (const Arm& arm : arms) {
      if (!record_arm(recording, runner, table, arm, batches)) return false;
    }
    // The arm that is loaded comes first in the next pass: loading costs seconds.
    std::ranges::reverse(arms);
  }
  return true;
}

int last_batch(const po::variables_map& values, const Description& description) {
  const int wanted = values["batches"].as<int>();
  return description.max_batch > 0 ? std::min(wanted, description.max_batch) : wanted;
}

bool record_energies(Recording& recording, const po::variables_map& values) {
  Session& session = recording.session();
  const MeasureOptions windows = energy_windows(values, session);
  Runner runner(session.workload(), session.meters(), windows, recording.description(),
                &session.watch());
  Table table(values["out"].as<std::string>() + ".csv", Columns::energy,
              values["label"].as<std::string>());
  const int last = last_batch(values, recording.description());
  return record_passes(recording, runner, table, energy_passes(last, values["energies"].as<int>()));
}

bool record_latencies(Recording& recording, const po::variables_map& values) {
  // A counter's window takes seconds, and an iteration milliseconds.
  const std::vector<std::unique_ptr<EnergyMeter>> no_meters;
  Runner runner(recording.session().workload(), no_meters, latency_window, recording.description());
  Table table(values["out"].as<std::string>() + "_latency.csv", Columns::latency,
              values["label"].as<std::string>());
  const int last = last_batch(values, recording.description());
  return record_passes(recording, runner, table, latency_passes(last, values["stride"].as<int>()));
}

po::variables_map parse(int argc, char** argv) {
  po::options_description options("autotune_record MODEL [OPTIONS]");
  add_recording_options(options);
  // clang-format off
  options.add_options()
      ("batches", po::value<int>()->default_value(512), "latency at every batch from 1 to this")
      ("stride", po::value<int>()->default_value(1), "latency at every stride-th batch")
      ("energies", po::value<int>()->default_value(17), "batches per arm whose energy is read")
      ("only", po::value<std::string>()->default_value(""), "energies or latencies");
  // clang-format on
  po::positional_options_description positions;
  positions.add("model", 1);
  const po::variables_map values = autotune::parse(argc, argv, options, positions);
  const auto& only = values["only"].as<std::string>();
  if (!only.empty() && only != "energies" && only != "latencies") {
    throw Error(ErrorCode::usage, fmt::format("--only {}: energies or latencies.", only));
  }
  return values;
}

void record(const po::variables_map& values) {
  Recording recording(values);
  const auto& only = values["only"].as<std::string>();
  bool complete = true;
  if (only != "latencies") complete = record_energies(recording, values);
  if (only != "energies") complete = record_latencies(recording, values) && complete;
  recording.conclude(complete);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("autotune_record", [&] { record(parse(argc, argv)); });
}
