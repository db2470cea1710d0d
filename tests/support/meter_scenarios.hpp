#pragma once
#include <optional>
#include <string>
#include <vector>

#include "autotune/energy.hpp"
#include "energy/meter_facts.hpp"

namespace autotune::testing {

/// Joules of one window as measured, and those that were spent in it.
struct ScenarioWindow {
  std::optional<double> counted;
  double spent = 0;
};

/// How measuring ended under one fault.
struct ScenarioResult {
  std::string name;
  std::string what;
  MeterInfo meter;  ///< Of `--meter auto`.
  std::vector<std::string> warnings;
  std::string named_error;                 ///< Of the meter by name, where auto had to fall back.
  ScenarioWindow window;                   ///< 5 s, the fault in its middle.
  ScenarioWindow next_window;              ///< 5 s, two seconds after it.
  std::vector<std::string> circumstances;  ///< What the watch saw change over the first window.
  std::optional<MeterFacts> facts;         ///< Where there is a meter to test.
};

/// The faults of GPUs: those of the fake library's table, an absent and an old library.
[[nodiscard]] std::vector<std::string> nvml_scenarios();

/// The faults of a powercap tree.
[[nodiscard]] std::vector<std::string> rapl_scenarios();

/// Measures under a fault of a GPU by the ways a tune takes: `open_meters`, readings every poll
/// period, `joules_between`; and tests the meter. In virtual time.
[[nodiscard]] ScenarioResult run_nvml_scenario(const std::string& name, const std::string& library,
                                               const std::string& old_library);

/// The same for a powercap tree.
[[nodiscard]] ScenarioResult run_rapl_scenario(const std::string& name);

/// `joules_between` of 5 s from `begin`, read from a little before to a little after.
/// @param advance called before each reading with the time
template <typename Advance>
[[nodiscard]] std::optional<double> joules_of_window(EnergyMeter& meter, Clock& clock,
                                                     Timestamp begin, Timestamp poll_period,
                                                     const Advance& advance) {
  const Timestamp end = begin + std::chrono::seconds(5);
  std::vector<Reading> readings;
  while (clock.now() < end + std::chrono::milliseconds(600)) {
    advance(clock.now());
    if (const auto reading = meter.read()) readings.push_back(*reading);
    clock.sleep_for(poll_period);
  }
  return joules_between(readings, meter.info().kind, begin, end);
}

}  // namespace autotune::testing
