#include <sys/stat.h>

#include <algorithm>
#include <cmath>

#include "autotune/error.hpp"
#include "energy/meters.hpp"
#include "fakes/environment.hpp"
#include "fakes/file_tree.hpp"
#include "fakes/without_root.hpp"
#include "support/fake_clock.hpp"
#include "support/meter_scenarios.hpp"

namespace autotune::testing {
namespace {

using namespace std::chrono_literals;

constexpr double zone_watts = 100;  // of each zone of a package
constexpr std::uint64_t joule = 1'000'000;
constexpr std::uint64_t range_uj = 262'143'328'850;  // Intel's
constexpr double start_joules = 1000;
constexpr auto poll = 100ms;  // Files are slow; a tune polls every 20 ms.

/// A package's zones under a fault; `age` counts from when the meter was opened.
struct RaplScenario {
  const char* name;
  const char* what;
  std::vector<std::string> zones;  ///< Names of the top zones.
  void (*spoil)(const PowercapTree& tree);
  double (*joules)(double age, std::size_t zone);  ///< What the zone's counter shows.
  bool without_root = false;
  std::size_t mirrors = 0;  ///< Of the zones, those that show another's counter.
};

double rising(double age, std::size_t zone) {
  return start_joules * static_cast<double>(1 + zone) + zone_watts * age;
}

double rising_as_one(double age, std::size_t) { return rising(age, 0); }

double wrapping(double age, std::size_t) {
  const double range = range_uj / 1e6;
  return std::fmod(range - 3 * zone_watts + zone_watts * age, range);
}

double falling(double age, std::size_t) {
  return age < 3 ? 150'000 + zone_watts * age : zone_watts * (age - 3);
}

void leave(const PowercapTree&) {}

const std::vector<RaplScenario>& table() {
  static const std::vector<RaplScenario> scenarios = {
      {"rapl_healthy", "one package", {"package-0"}, leave, rising},
      {"rapl_wrap", "the counter wraps after 3 s", {"package-0"}, leave, wrapping},
      {"rapl_reset", "the counter starts again at 0 after 3 s", {"package-0"}, leave, falling},
      {"rapl_frozen",
       "the counter never moves",
       {"package-0"},
       leave,
       [](double, std::size_t) { return start_joules; }},
      {"rapl_zero",
       "the counter stands at 0",
       {"package-0"},
       leave,
       [](double, std::size_t) { return 0.0; }},
      {"rapl_no_range",
       "the counter's range cannot be read",
       {"package-0"},
       [](const PowercapTree& tree) {
         std::filesystem::remove(tree.root() / "intel-rapl:0/max_energy_range_uj");
       },
       rising},
      {"rapl_no_permission",
       "the counter is root's alone",
       {"package-0"},
       [](const PowercapTree& tree) {
         chmod((tree.root() / "intel-rapl:0/energy_uj").c_str(), 0200);
       },
       rising,
       true},
      {"rapl_dies", "a package of two dies", {"package-0-die-0", "package-0-die-1"}, leave, rising},
      {"rapl_mirrored",
       "both dies show the counter of their package",
       {"package-0-die-0", "package-0-die-1"},
       leave,
       rising_as_one,
       false,
       1},
      {"rapl_twice",
       "the package shows by MSR and by MMIO",
       {"package-0"},
       [](const PowercapTree& tree) {
         tree.add_zone("intel-rapl-mmio:0", "package-0", 5 * joule, range_uj);
       },
       rising},
      {"rapl_part_missing",
       "one of two packages cannot be read",
       {"package-0", "package-1"},
       [](const PowercapTree& tree) {
         std::filesystem::remove(tree.root() / "intel-rapl:1/energy_uj");
       },
       rising},
  };
  return scenarios;
}

const RaplScenario& scenario_of(const std::string& name) {
  const auto& all = table();
  return *std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.name == name; });
}

std::string zone(std::size_t index) { return "intel-rapl:" + std::to_string(index); }

/// One fault on a machine without a GPU.
class RaplRun {
 public:
  explicit RaplRun(const RaplScenario& scenario) : scenario_(scenario) {
    result_.name = scenario.name;
    result_.what = scenario.what;
    chmod(tree_.root().c_str(), 0755);
    for (std::size_t i = 0; i < scenario.zones.size(); ++i) {
      tree_.add_zone(zone(i), scenario.zones[i], 0, range_uj);
    }
    show(0);
    scenario.spoil(tree_);
  }

  ScenarioResult run() {
    const auto meter = open();
    result_.meter = meter->info();
    if (result_.meter.source == EnergySource::modelled) {
      try_by_name();
    }
    const Timestamp opened = clock_.now();
    const auto advance = [&](Timestamp now) {
      if (result_.meter.source == EnergySource::rapl) show(in_seconds(now - opened));
    };
    const auto counters = static_cast<double>(scenario_.zones.size() - scenario_.mirrors);
    const double spent = 5 * zone_watts * counters;
    clock_.sleep_for(500ms);
    result_.window = {joules_of_window(*meter, clock_, opened + 1s, poll, advance), spent};
    clock_.sleep_for(1s);
    result_.next_window = {joules_of_window(*meter, clock_, opened + 8500ms, poll, advance), spent};
    return std::move(result_);
  }

 private:
  std::unique_ptr<EnergyMeter> open() {
    std::optional<WithoutRoot> ordinary_user;
    if (scenario_.without_root) ordinary_user.emplace();
    return std::move(open_meters(options_, result_.warnings).front());
  }

  void show(double age) const {
    for (std::size_t i = 0; i < scenario_.zones.size(); ++i) {
      const double joules = scenario_.joules(age, i);
      tree_.set_energy(zone(i), static_cast<std::uint64_t>(std::llround(joules * 1e6)));
    }
  }

  void try_by_name() {
    MeterOptions named = options_;
    named.choice = MeterChoice::rapl;
    std::optional<WithoutRoot> ordinary_user;
    if (scenario_.without_root) ordinary_user.emplace();
    std::vector<std::string> ignored;
    try {
      (void)open_meters(named, ignored);
    } catch (const Error& error) {
      result_.named_error = error.what();
    }
  }

  const RaplScenario& scenario_;
  PowercapTree tree_;
  FakeClock clock_;
  ScopedEnvironment environment_{{"AUTOTUNE_NVML_LIBRARY", std::nullopt},
                                 {"AUTOTUNE_POWERCAP_ROOT", tree_.root().string()}};
  MeterOptions options_{.clock = &clock_};
  ScenarioResult result_;
};

}  // namespace

std::vector<std::string> rapl_scenarios() {
  std::vector<std::string> names;
  for (const RaplScenario& scenario : table()) names.emplace_back(scenario.name);
  return names;
}

ScenarioResult run_rapl_scenario(const std::string& name) {
  return RaplRun(scenario_of(name)).run();
}

}  // namespace autotune::testing
