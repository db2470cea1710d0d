#include <fmt/format.h>

#include <algorithm>

#include "autotune/error.hpp"
#include "energy/gpu_watch.hpp"
#include "energy/meters.hpp"
#include "energy/self_test.hpp"
#include "fakes/environment.hpp"
#include "fakes/nvml_bench.hpp"
#include "fakes/virtual_nvml.hpp"
#include "support/meter_scenarios.hpp"

namespace autotune::testing {
namespace {

using namespace std::chrono_literals;

constexpr auto absent = "library_absent";
constexpr auto old = "old_library";
constexpr auto pci_address = "0000:19:00.0";
constexpr double limit_watts = 700;

std::string what_of(const std::string& name) {
  if (name == absent) return "no NVML is installed";
  if (name == old) return "an NVML without fields, MIG and throttle counters";
  const auto& all = bench_scenarios();
  return std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.name == name; })->what;
}

std::string library_of(const std::string& name, const std::string& newer,
                       const std::string& older) {
  if (name == absent) return "/nowhere/libnvidia-ml.so.1";
  return name == old ? older : newer;
}

/// One fault, opened anew for each use, since times count from there.
class NvmlScenario {
 public:
  NvmlScenario(const std::string& name, const std::string& newer, const std::string& older)
      : nvml_(name == old ? older : newer),
        environment_{{"AUTOTUNE_NVML_LIBRARY", library_of(name, newer, older)},
                     {"AUTOTUNE_POWERCAP_ROOT", "/nowhere"},
                     {"FAKE_NVML_SCENARIO", std::nullopt}} {
    result_.name = name;
    result_.what = what_of(name);
    if (name != absent && name != old) environment_.set("FAKE_NVML_SCENARIO", name);
  }

  ScenarioResult run() {
    measure();
    if (result_.meter.source == EnergySource::modelled) {
      try_by_name();
    } else {
      test_meter();
    }
    return std::move(result_);
  }

 private:
  void measure() {
    const auto meter = std::move(open_meters(options_, result_.warnings).front());
    const auto watch = open_gpu_watch(options_, {});
    const Timestamp opened = clock_.now();
    result_.meter = meter->info();
    std::optional<GpuState> before, after;
    clock_.sleep_for(500ms);
    if (watch) before = watch->read();
    result_.window = window_from(*meter, opened + 1s);
    if (watch) after = watch->read();
    if (watch) compare(*before, *after);
    clock_.sleep_for(1s);
    result_.next_window = window_from(*meter, opened + 8500ms);
  }

  ScenarioWindow window_from(EnergyMeter& meter, Timestamp begin) {
    const auto poll = std::max<Timestamp>(meter.info().poll_period, 20ms);
    double before = 0, after = 0;
    std::optional<Timestamp> first, last;
    const auto counted = joules_of_window(meter, clock_, begin, poll, [&](Timestamp now) {
      if (now <= begin || !first) first = now, before = nvml_.true_joules();
      if (now <= begin + 5s) last = now, after = nvml_.true_joules();
    });
    // The library may be asked only between two readings; power is steady over such a piece.
    const double watts = (after - before) / in_seconds(*last - *first);
    return {counted, 5 * watts};
  }

  void compare(const GpuState& before, const GpuState& after) {
    const double nanoseconds = static_cast<double>((after.time - before.time).count());
    const auto throttled = [&](const char* cause, const std::optional<std::uint64_t>& from,
                               const std::optional<std::uint64_t>& to) {
      if (!from || !to || *to == *from) return;
      result_.circumstances.push_back(fmt::format(
          "{} {:.0f} % of the time", cause, 100 * static_cast<double>(*to - *from) / nanoseconds));
    };
    const ThrottleTimes &a = before.throttled, &b = after.throttled;
    throttled("power cap", a.power_cap_ns, b.power_cap_ns);
    throttled("sync boost", a.sync_boost_ns, b.sync_boost_ns);
    throttled("software thermal slowdown", a.software_thermal_ns, b.software_thermal_ns);
    throttled("hardware thermal slowdown", a.hardware_thermal_ns, b.hardware_thermal_ns);
    throttled("power brake", a.power_brake_ns, b.power_brake_ns);
    if (before.celsius && after.celsius && *after.celsius != *before.celsius) {
      result_.circumstances.push_back(fmt::format("{} to {} °C", *before.celsius, *after.celsius));
    }
    for (const int pid : after.foreign_pids.value_or(std::set<int>{})) {
      if (pid != getpid()) result_.circumstances.push_back(fmt::format("process {}", pid));
    }
  }

  void try_by_name() {
    MeterOptions named = options_;
    named.choice = MeterChoice::nvml;
    std::vector<std::string> ignored;
    try {
      (void)open_meters(named, ignored);
    } catch (const Error& error) {
      result_.named_error = error.what();
    }
  }

  void test_meter() {
    const auto power = open_nvml_power(options_);
    const auto meter = std::move(open_meters(options_, result_.warnings).front());
    result_.warnings.resize(result_.warnings.size() / 2);  // Said twice, opened twice.
    const Load load{[this] { nvml_.set_watts(320); }, [this] { nvml_.set_watts(80); }};
    load.stop();
    clock_.sleep_for(500ms);
    const bool compares = meter->info().source == EnergySource::nvml_counter;
    result_.facts = self_test(
        *meter, load, clock_,
        {.seconds = 12, .power = compares ? power.get() : nullptr, .limit_watts = limit_watts});
  }

  VirtualNvml nvml_;
  FakeClock& clock_ = nvml_.clock();
  ScopedEnvironment environment_;
  MeterOptions options_{.device_is_gpu = true, .pci_address = pci_address, .clock = &clock_};
  ScenarioResult result_;
};

}  // namespace

std::vector<std::string> nvml_scenarios() {
  std::vector<std::string> names = {absent, old};
  for (const BenchScenario& scenario : bench_scenarios()) names.emplace_back(scenario.name);
  return names;
}

ScenarioResult run_nvml_scenario(const std::string& name, const std::string& library,
                                 const std::string& old_library) {
  return NvmlScenario(name, library, old_library).run();
}

}  // namespace autotune::testing
