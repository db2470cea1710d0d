#include "fakes/nvml_bench.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace autotune::testing {
namespace {

std::optional<std::string> setting(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

std::vector<std::string> items(const std::string& list, char separator) {
  std::vector<std::string> found;
  std::istringstream stream(list);
  for (std::string text; std::getline(stream, text, separator);) found.push_back(text);
  return found;
}

void refuse(NvmlBench& bench, const std::string& calls) {
  for (auto& call : items(calls, ',')) bench.refused.insert(std::move(call));
}

void apply_scenario(NvmlBench& bench, const std::string& name) {
  const auto& all = bench_scenarios();
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const BenchScenario& scenario) { return scenario.name == name; });
  if (found == all.end()) throw std::invalid_argument("no scenario " + name);
  found->apply(bench);
}

void apply_variables(NvmlBench& bench) {
  if (const auto text = setting("FAKE_NVML_INIT")) bench.init = std::stoi(*text);
  if (const auto text = setting("FAKE_NVML_DEVICES")) {
    bench.devices = static_cast<unsigned>(std::stoul(*text));
  }
  if (const auto text = setting("FAKE_NVML_NAMES")) bench.names = items(*text, ';');
  if (const auto text = setting("FAKE_NVML_WATTS")) {
    for (const auto& watts : items(*text, ';')) bench.watts.push_back(std::stod(watts));
  }
  if (const auto text = setting("FAKE_NVML_PERIOD_MS")) {
    bench.sensor.period_s = std::stod(*text) / 1000;
  }
  if (const auto text = setting("FAKE_NVML_COUNTER")) bench.counter = *text;
  if (const auto text = setting("FAKE_NVML_REFUSE")) refuse(bench, *text);
  if (const auto text = setting("FAKE_NVML_MIG")) bench.mig = *text == "1";
}

using Bench = NvmlBench;

const std::vector<BenchScenario> scenario_table = {
    {"healthy", "counter every 100 ms, all of it seen", [](Bench&) {}},
    {"no_permission", "nvmlInit: no permission", [](Bench& b) { b.init = 4; }},
    {"driver_not_loaded", "nvmlInit: driver not loaded", [](Bench& b) { b.init = 9; }},
    {"version_mismatch", "nvmlInit: library and driver differ", [](Bench& b) { b.init = 18; }},
    {"no_devices", "NVML lists no GPU", [](Bench& b) { b.devices = 0; }},
    {"counter_not_supported", "no counter, power is there",
     [](Bench& b) { refuse(b, "energy,total"); }},
    {"nothing_supported", "neither counter nor power (Jetson)",
     [](Bench& b) { refuse(b, "energy,total,instant,average,usage,module,throttle"); }},
    {"only_average", "average power alone",
     [](Bench& b) { refuse(b, "energy,total,instant,usage,module"); }},
    {"module_only", "nothing of the GPU, all of its module",
     [](Bench& b) { refuse(b, "energy,total,instant,average,usage"); }},
    {"field_error", "fields fail after 3 s inside calls that succeed",
     [](Bench& b) { b.field_error_after_s = 3; }},
    {"value_uint", "the counter comes as a 32-bit number",
     [](Bench& b) { b.energy_type = nvml::ValueType::unsigned_int; }},
    {"value_double", "the counter comes as a floating-point number",
     [](Bench& b) { b.energy_type = nvml::ValueType::float64; }},
    {"gpu_lost", "the GPU falls off the bus after 3 s", [](Bench& b) { b.lost_after_s = 3; }},
    {"reset", "the counter starts again at 0 after 3 s", [](Bench& b) { b.reset_after_s = 3; }},
    {"frozen", "the counter never moves", [](Bench& b) { b.counter = "frozen"; }},
    {"stops", "the counter stops after 3 s", [](Bench& b) { b.frozen_after_s = 3; }},
    {"zero", "the counter stands at 0", [](Bench& b) { b.counter = "zero"; }},
    {"leap", "the counter leaps by 10^9 J after 3 s", [](Bench& b) { b.leap_after_s = 3; }},
    {"tick_10ms", "counter every 10 ms", [](Bench& b) { b.sensor.period_s = 0.01; }},
    {"tick_20ms", "counter every 20 ms", [](Bench& b) { b.sensor.period_s = 0.02; }},
    {"tick_500ms", "counter every 500 ms", [](Bench& b) { b.sensor.period_s = 0.5; }},
    {"jitter", "ticks come up to 20 ms late", [](Bench& b) { b.sensor.jitter_s = 0.02; }},
    {"noise", "5 W of noise in each tick", [](Bench& b) { b.sensor.noise_watts = 5; }},
    {"gain", "a counter that shows 95 %", [](Bench& b) { b.sensor.gain = 0.95; }},
    {"duty_25", "25 of every 100 ms are seen", [](Bench& b) { b.sensor.sampled_s = 0.025; }},
    {"mig", "the GPU is cut into instances", [](Bench& b) { b.mig = true; }},
    {"vgpu", "a virtual GPU", [](Bench& b) { b.virtualisation = nvml::Virtualisation::vgpu; }},
    {"passthrough", "a GPU handed to a virtual machine",
     [](Bench& b) { b.virtualisation = nvml::Virtualisation::passthrough; }},
    {"thermal", "software holds clocks down for heat, 20 % of the time",
     [](Bench& b) { b.throttled[2] = 0.2; }},
    {"hot", "hardware holds clocks down for heat, 20 % of the time",
     [](Bench& b) { b.throttled[3] = 0.2; }},
    {"power_brake", "the power supply asks for less, 20 % of the time",
     [](Bench& b) { b.throttled[4] = 0.2; }},
    {"power_cap", "at the power limit half of the time", [](Bench& b) { b.throttled[0] = 0.5; }},
    {"heating", "30 K warmer in the end, 0.2 % more power for each",
     [](Bench& b) {
       b.power.gamma = 0.002;
       b.power.heating_kelvin = 30;
     }},
    {"foreign_process", "somebody else computes on the GPU",
     [](Bench& b) { b.foreign_pids = {4242}; }},
    {"slow_call", "each reading takes 10 ms", [](Bench& b) { b.slow_call_s = 0.01; }},
    {"bus_order", "NVML's order is not that of the PCI addresses",
     [](Bench& b) {
       b.devices = 2;
       b.watts = {100, 250};
       b.reversed_bus = true;
     }},
};

}  // namespace

const std::vector<BenchScenario>& bench_scenarios() { return scenario_table; }

NvmlBench bench_from_environment() {
  NvmlBench bench;
  if (const auto name = setting("FAKE_NVML_SCENARIO")) apply_scenario(bench, *name);
  apply_variables(bench);
  return bench;
}

}  // namespace autotune::testing
