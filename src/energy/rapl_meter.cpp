#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <utility>

#include "energy/meters.hpp"
#include "energy/rapl_counters.hpp"
#include "energy/rapl_zones.hpp"

namespace autotune {
namespace {

/// The folder in AUTOTUNE_POWERCAP_ROOT, if it is set.
std::optional<std::filesystem::path> named_root() {
  const char* root = std::getenv("AUTOTUNE_POWERCAP_ROOT");
  if (root == nullptr || *root == '\0') return std::nullopt;
  return root;
}

class RaplMeter final : public EnergyMeter {
 public:
  RaplMeter(RaplCounters counters, EnergyScope scope, std::string note, Clock& clock)
      : clock_(clock), counters_(std::move(counters)) {
    info_.source = EnergySource::rapl;
    info_.scope = scope;
    info_.kind = ReadingKind::cumulative_joules;
    info_.claimable = !named_root();
    info_.note = std::move(note);
    // The counters move every millisecond, but each reading wakes a core that is being measured.
    info_.poll_period = std::chrono::milliseconds(20);
    info_.most_watts = power_limit_watts(counters_.counted());
  }

  [[nodiscard]] const MeterInfo& info() const override { return info_; }
  [[nodiscard]] std::optional<Reading> read() override {
    return timed(clock_, [this] { return counters_.joules(); });
  }

 private:
  Clock& clock_;
  RaplCounters counters_;
  MeterInfo info_;
};

std::string note_for(const RaplCounters& counters, const std::filesystem::path& root) {
  std::string note;
  for (const auto& zone : counters.counted()) note += (note.empty() ? "" : " + ") + zone.domain;
  for (const auto& mirror : counters.mirrors()) note += "; " + mirror;
  return named_root() ? fmt::format("{}; read from {}", note, root.string()) : note;
}

/// The zones of one scope as a meter, if the counters are alive.
TriedMeter try_zones(const std::vector<RaplZone>& zones, EnergyScope scope,
                     const std::filesystem::path& root, Clock& clock) {
  RaplCounters counters(zones, clock);
  std::string note = note_for(counters, root);
  auto meter = std::make_unique<RaplMeter>(std::move(counters), scope, std::move(note), clock);
  const auto value = first_positive(clock, [&]() -> std::optional<double> {
    const auto reading = meter->read();
    return reading ? std::optional(reading->value) : std::nullopt;
  });
  if (value) {
    const char* remedy =
        named_root() ? "Unset AUTOTUNE_POWERCAP_ROOT to read the machine's own counters." : "";
    return {EnergySource::rapl, scope, std::move(meter), "", remedy};
  }
  return {EnergySource::rapl, scope, nullptr,
          fmt::format("the RAPL counter {} stands at 0: a virtual machine that does not pass it on",
                      (zones.front().folder / "energy_uj").string()),
          "Run on the host."};
}

/// Of a folder that the environment names the usual causes are not the likely ones.
std::string remedy_for_root(const std::string& usual, const std::filesystem::path& root) {
  std::error_code error;
  if (!named_root() || std::filesystem::is_directory(root, error)) return usual;
  return "Name a folder like /sys/class/powercap in AUTOTUNE_POWERCAP_ROOT, or unset it.";
}

}  // namespace

std::filesystem::path powercap_root() { return named_root().value_or("/sys/class/powercap"); }

std::vector<TriedMeter> try_rapl(const std::filesystem::path& root, Clock& clock) {
  const RaplZones zones = find_rapl_zones(root);
  std::vector<TriedMeter> tried;
  const auto add = [&](const std::vector<RaplZone>& of_scope, EnergyScope scope,
                       const std::string& problem, const std::string& remedy) {
    tried.push_back(of_scope.empty() ? TriedMeter{EnergySource::rapl, scope, nullptr, problem,
                                                  remedy_for_root(remedy, root)}
                                     : try_zones(of_scope, scope, root, clock));
  };
  add(zones.packages, EnergyScope::cpu_package, zones.problem, zones.remedy);
  add(zones.dram, EnergyScope::dram, zones.dram_problem, zones.dram_remedy);
  return tried;
}

OpenedMeters open_rapl(const std::filesystem::path& root, Clock& clock) {
  std::vector<TriedMeter> tried = try_rapl(root, clock);
  OpenedMeters opened;
  // Memory is shown beside the packages and missed by nobody.
  if (!tried.front().meter) return {{}, tried.front().problem, tried.front().remedy, {}};
  for (TriedMeter& one : tried) {
    if (one.meter) opened.meters.push_back(std::move(one.meter));
  }
  return opened;
}

}  // namespace autotune
