// How measuring ends under every fault of a meter that the tests can make, as the Markdown tables
// of docs/measuring.md. Needs no GPU: the fake NVML library and powercap trees of the tests stand
// in.
//
//     autotune_meter_scenarios
#include "support/meter_scenarios.hpp"

#include <fmt/format.h>

#include <cmath>
#include <exception>
#include <regex>

#include "energy/meter_trace.hpp"
#include "fakes/environment.hpp"
#include "support/pulsed_gpu.hpp"

namespace {

using namespace autotune;
using testing::ScenarioResult;
using testing::ScenarioWindow;

std::string joined(const std::vector<std::string>& texts) {
  std::string line;
  for (const auto& text : texts) line += (line.empty() ? "" : "; ") + text;
  return line;
}

std::string window_text(const ScenarioWindow& window) {
  if (!window.counted) return "no energy";
  const double off = 100 * (*window.counted / window.spent - 1);
  return std::abs(off) < 0.05 ? "exact" : fmt::format("{:+.1f} %", off);
}

std::string self_test_text(const MeterFacts& facts) {
  std::string text = facts.failures.empty() ? "passes" : joined(facts.failures);
  if (facts.update_period_ms) text += fmt::format("; {:.0f} ms ticks", *facts.update_period_ms);
  if (facts.duty_sampled().value_or(false)) text += "; sees a part of the time";
  return text;
}

/// The first sentence, without the folders in which this run's fakes lie.
std::string short_error(const std::string& text) {
  static const std::regex folders(R"(/\S*/(libnvidia-ml|intel-rapl))");
  return std::regex_replace(text.substr(0, text.find(". ")), folders, "$1");
}

void print_row(const ScenarioResult& result) {
  const bool modelled = result.meter.source == EnergySource::modelled;
  const std::string read =
      fmt::format("`{}`, `{}`", to_string(result.meter.source), to_string(result.meter.scope));
  std::string said = modelled ? short_error(result.named_error) : joined(result.circumstances);
  if (!modelled && !result.warnings.empty()) said += joined(result.warnings);
  fmt::print("| `{}` | {} | {} | {} | {} | {} | {} |\n", result.name, result.what, read,
             modelled ? "modelled" : window_text(result.window),
             modelled ? "modelled" : window_text(result.next_window),
             result.facts ? self_test_text(*result.facts) : "", said);
}

void print_scenarios() {
  fmt::print(
      "| scenario | fault | read by `auto` | window with it | next window | self-test | said "
      "|\n|---|---|---|---|---|---|---|\n");
  for (const auto& name : testing::nvml_scenarios()) {
    print_row(testing::run_nvml_scenario(name, FAKE_NVML, FAKE_NVML_OLD));
  }
  for (const auto& name : testing::rapl_scenarios()) print_row(testing::run_rapl_scenario(name));
}

void print_phases() {
  using namespace std::chrono_literals;
  const testing::ScopedEnvironment environment(
      {{"AUTOTUNE_NVML_LIBRARY", FAKE_NVML}, {"FAKE_NVML_SCENARIO", "duty_25"}});
  testing::VirtualNvml nvml(FAKE_NVML);
  const auto opened = open_nvml({.device_is_gpu = true, .clock = &nvml.clock()});
  testing::PulsedGpu gpu(nvml, *opened.meters.at(0));
  fmt::print(
      "\n| load's period, ms | one window: deviation | range | four bursts: range | bias | flagged "
      "|\n|---|---|---|---|---|---|\n");
  for (const int step_ms : {10, 20, 33, 50, 95, 99, 100, 150, 250, 300}) {
    const std::chrono::milliseconds step(step_ms);
    const auto naive =
        testing::over_phase([&](double phase) { return gpu.naive(step, 6s, phase); });
    const auto bursts =
        testing::over_phase([&](double phase) { return gpu.in_bursts(step, 6s, phase); });
    double sum = 0;
    for (const double ratio : bursts) sum += ratio;
    const Rhythm rhythm{step_ms / 1e3, 0.1, 0.025, 6};
    fmt::print("| {} | {:.1f} % | {:.1f} % | {:.2f} % | {:+.2f} % | {} |\n", step_ms,
               100 * testing::relative_deviation(naive), 100 * relative_spread(naive),
               100 * relative_spread(bursts), 100 * (sum / static_cast<double>(bursts.size()) - 1),
               may_beat(rhythm) ? "yes" : "no");
  }
}

}  // namespace

int main() {
  try {
    print_scenarios();
    print_phases();
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "autotune_meter_scenarios: {}\n", error.what());
    return 1;
  }
}
