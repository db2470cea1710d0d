// What the ranking meter of a device does under a steady load: how often its counter moves, what a
// call costs, whether counter and integrated power agree, and the idle power. Prints one JSON
// object.
//
//     autotune_meter_facts MODEL --inputs FILE --device cuda --batch 64 --seconds 20
#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "autotune/autotune.hpp"
#include "benchmarks/open_session.hpp"

namespace {

using namespace autotune;
namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

struct Trace {
  std::vector<Reading> readings;
  std::vector<double> call_microseconds;
};

/// Reads the meter every millisecond for `seconds`.
Trace read_for(EnergyMeter& meter, double seconds) {
  SteadyClock clock;
  Trace trace;
  const Timestamp begin = clock.now();
  while (in_seconds(clock.now() - begin) < seconds) {
    const Timestamp before = clock.now();
    const auto reading = meter.read();
    trace.call_microseconds.push_back(in_seconds(clock.now() - before) * 1e6);
    if (reading) trace.readings.push_back(*reading);
    clock.sleep_for(std::chrono::milliseconds(1));
  }
  return trace;
}

/// Milliseconds between the changes of a reading.
std::vector<double> change_periods_ms(const Trace& trace) {
  std::vector<double> periods;
  std::optional<Timestamp> last;
  for (std::size_t i = 1; i < trace.readings.size(); ++i) {
    if (trace.readings[i].value == trace.readings[i - 1].value) continue;
    if (last) periods.push_back(in_seconds(trace.readings[i].time - *last) * 1e3);
    last = trace.readings[i].time;
  }
  return periods;
}

std::optional<double> watts(const Trace& trace, ReadingKind kind) {
  if (trace.readings.size() < 2) return std::nullopt;
  const Timestamp begin = trace.readings.front().time, end = trace.readings.back().time;
  const auto joules = joules_between(trace.readings, kind, begin, end);
  if (!joules) return std::nullopt;
  return *joules / in_seconds(end - begin);
}

Json spread_of(const std::vector<double>& values) {
  if (values.empty()) return nullptr;
  return {{"count", values.size()},
          {"p50", quantile(values, 0.5)},
          {"p99", quantile(values, 0.99)},
          {"min", quantile(values, 0)},
          {"max", quantile(values, 1)}};
}

Json facts_of(EnergyMeter& meter, double idle_watts, const Trace& loaded) {
  const MeterInfo& info = meter.info();
  const auto load_watts = watts(loaded, info.kind);
  return {{"source", to_string(info.source)},
          {"scope", to_string(info.scope)},
          {"claimable", info.claimable},
          {"note", info.note},
          {"change_period_ms", spread_of(change_periods_ms(loaded))},
          {"call_microseconds", spread_of(loaded.call_microseconds)},
          {"idle_watts", idle_watts},
          {"load_watts", load_watts ? Json(*load_watts) : Json(nullptr)}};
}

/// One object per meter; the steady load runs while each is read in turn.
Json measure_meters(const std::vector<std::unique_ptr<EnergyMeter>>& meters, Workload& workload,
                    int batch, double seconds) {
  const Description description = workload.describe();
  const double share = seconds / static_cast<double>(2 * meters.size());
  std::vector<double> idle;
  for (const auto& meter : meters) {
    idle.push_back(watts(read_for(*meter, share), meter->info().kind).value_or(0));
  }
  (void)workload.prepare({description.arms.front(), 0, false});
  RunResult run;
  std::thread load([&] {
    run = workload.run({.batch = batch, .seconds = seconds / 2 + 3, .fresh_memory = true});
  });
  std::this_thread::sleep_for(std::chrono::seconds(2));  // Past the ramp of power and clocks.
  std::vector<Trace> loaded;
  for (const auto& meter : meters) loaded.push_back(read_for(*meter, share));
  load.join();
  Json made = Json::array();
  for (std::size_t i = 0; i < meters.size(); ++i) {
    made.push_back(facts_of(*meters[i], idle[i], loaded[i]));
  }
  return {{"meters", made}, {"load", {{"batch", batch}, {"status", to_string(run.status)}}}};
}

po::variables_map parse(int argc, char** argv) {
  po::options_description options("autotune_meter_facts MODEL [OPTIONS]");
  // clang-format off
  options.add_options()
      ("help", "print this and exit")
      ("model", po::value<std::string>()->required(), "TorchScript file: the steady load")
      ("inputs", po::value<std::string>()->required(), "its inputs, from torch.save")
      ("device", po::value<std::string>()->default_value("auto"), "auto, cpu, cuda or cuda:N")
      ("batch", po::value<int>()->default_value(64), "of the steady load")
      ("seconds", po::value<double>()->default_value(20), "of reading, half idle, half loaded");
  // clang-format on
  po::positional_options_description positions;
  positions.add("model", 1);
  po::variables_map values;
  po::store(po::command_line_parser(argc, argv).options(options).positional(positions).run(),
            values);
  if (values.count("help")) {
    std::cout << options;
    std::exit(0);
  }
  po::notify(values);
  return values;
}

int print_facts(const po::variables_map& values) {
  Session session = open_session(values);
  Json facts = measure_meters(session.meters(), session.workload(), values["batch"].as<int>(),
                              values["seconds"].as<double>());
  const Device& device = session.device();
  facts["device"] = Json{{"name", device.name},
                         {"identity", device.key.identity},
                         {"conditions", device.key.conditions},
                         {"record", device.key.record}};
  facts["warnings"] = session.warnings();
  std::cout << facts.dump(2) << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return print_facts(parse(argc, argv));
  } catch (const Error& error) {
    fmt::print(stderr, "autotune_meter_facts: {}\n", error.what());
    return exit_status(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "autotune_meter_facts: {}\n", error.what());
    return 2;
  }
}
