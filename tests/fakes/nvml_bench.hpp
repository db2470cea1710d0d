#pragma once
#include <array>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fakes/power_physics.hpp"
#include "platform/nvml_abi.hpp"

namespace autotune::testing {

/// What the fake NVML library pretends; times count from nvmlInit. The defaults are a healthy GPU.
struct NvmlBench {
  int init = 0;  ///< What nvmlInit answers.
  unsigned devices = 1;
  std::vector<std::string> names;   ///< Else `Fake GPU N`.
  std::vector<double> watts;        ///< Of each device; else that of `power`.
  std::set<std::string> refused;    ///< Calls that answer not supported.
  std::string counter = "ticking";  ///< Or `zero`, `frozen`.
  PowerOptions power;
  SensorOptions sensor;
  nvml::ValueType energy_type = nvml::ValueType::unsigned_long_long;
  std::optional<double> lost_after_s;         ///< Every call answers GPU_IS_LOST.
  std::optional<double> reset_after_s;        ///< The counter starts again at 0.
  std::optional<double> frozen_after_s;       ///< The counter stops.
  std::optional<double> leap_after_s;         ///< The counter leaps by 10^9 J.
  std::optional<double> field_error_after_s;  ///< Fields fail inside calls that succeed.
  bool mig = false;
  nvml::Virtualisation virtualisation = nvml::Virtualisation::none;
  bool reversed_bus = false;  ///< NVML's order of devices is not that of their PCI addresses.
  /// Share of the time that clocks are held down: power cap, sync boost, software thermal,
  /// hardware thermal, power brake.
  std::array<double, 5> throttled{};
  unsigned sm_clock_mhz = 1'980;
  std::vector<unsigned> foreign_pids;
  double slow_call_s = 0;  ///< Each reading of energy or power takes so long.
};

/// A fault by name, and what it is in words.
struct BenchScenario {
  const char* name;
  const char* what;
  void (*apply)(NvmlBench& bench);
};

/// Every scenario that the fake library knows.
[[nodiscard]] const std::vector<BenchScenario>& bench_scenarios();

/// The scenario of FAKE_NVML_SCENARIO and then the other FAKE_NVML_ variables (fake_nvml.cpp).
/// @throws std::invalid_argument if there is no scenario of that name
[[nodiscard]] NvmlBench bench_from_environment();

}  // namespace autotune::testing
