#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <utility>

#include "energy/meters.hpp"
#include "energy/rapl_zones.hpp"

namespace autotune {
namespace {

// A fall of the counter that would need more than this was no wrap but a reset: no CPU package is
// rated above 1,000 W, and no tick is longer than what that draws in a second.
constexpr double most_watts_per_zone = 1'000;
constexpr double most_joules_per_tick = 1'000;

/// The folder in AUTOTUNE_POWERCAP_ROOT, if it is set.
std::optional<std::filesystem::path> named_root() {
  const char* root = std::getenv("AUTOTUNE_POWERCAP_ROOT");
  if (root == nullptr || *root == '\0') return std::nullopt;
  return root;
}

/// A zone's counter without its wraps. After a reset it falls, which voids the window.
class ZoneCounter {
 public:
  explicit ZoneCounter(RaplZone zone) : zone_(std::move(zone)) {}

  std::optional<double> microjoules(Timestamp now) {
    const FileNumber number = read_number(zone_.folder / "energy_uj");
    if (!number.ok) return std::nullopt;
    if (number.value < last_ && wrap_is_plausible(number.value, now)) ++wraps_;
    last_ = number.value;
    last_time_ = now;
    return static_cast<double>(wraps_) * static_cast<double>(zone_.range_uj) +
           static_cast<double>(number.value);
  }

 private:
  [[nodiscard]] bool wrap_is_plausible(std::uint64_t value, Timestamp now) const {
    const double joules = (static_cast<double>(zone_.range_uj) - static_cast<double>(last_) +
                           static_cast<double>(value)) /
                          1e6;
    return joules <= most_joules_per_tick + most_watts_per_zone * in_seconds(now - last_time_);
  }

  RaplZone zone_;
  std::uint64_t last_ = 0;
  std::uint64_t wraps_ = 0;
  Timestamp last_time_{};
};

class RaplMeter final : public EnergyMeter {
 public:
  RaplMeter(const std::vector<RaplZone>& zones, EnergyScope scope, std::string note, Clock& clock)
      : clock_(clock) {
    for (const auto& zone : zones) counters_.emplace_back(zone);
    info_.source = EnergySource::rapl;
    info_.scope = scope;
    info_.kind = ReadingKind::cumulative_joules;
    info_.claimable = !named_root();
    info_.note = std::move(note);
    // The counters move every millisecond, but each reading wakes a core that is being measured.
    info_.poll_period = std::chrono::milliseconds(20);
    info_.most_watts = power_limit_watts(zones);
  }

  [[nodiscard]] const MeterInfo& info() const override { return info_; }
  [[nodiscard]] std::optional<Reading> read() override {
    return timed(clock_, [this] { return joules(); });
  }

 private:
  std::optional<double> joules() {
    const Timestamp now = clock_.now();
    double microjoules = 0;
    for (auto& counter : counters_) {
      const auto value = counter.microjoules(now);
      if (!value) return std::nullopt;
      microjoules += *value;
    }
    return microjoules / 1e6;
  }

  Clock& clock_;
  std::vector<ZoneCounter> counters_;
  MeterInfo info_;
};

std::string note_for(const std::vector<RaplZone>& zones, const std::filesystem::path& root) {
  std::string domains;
  for (const auto& zone : zones) domains += (domains.empty() ? "" : " + ") + zone.domain;
  return named_root() ? fmt::format("{}; read from {}", domains, root.string()) : domains;
}

/// The zones of one scope as a meter, if the counters are alive.
TriedMeter try_zones(const std::vector<RaplZone>& zones, EnergyScope scope,
                     const std::filesystem::path& root, Clock& clock) {
  auto meter = std::make_unique<RaplMeter>(zones, scope, note_for(zones, root), clock);
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
