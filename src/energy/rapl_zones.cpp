#include "energy/rapl_zones.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <regex>
#include <utility>

namespace autotune {
namespace {

namespace fs = std::filesystem;

// Docker masks /sys/devices/virtual/powercap, where the folders of /sys/class/powercap point.
constexpr const char* remedy_to_see =
    "Run on the host, or in a container with --privileged, which masks no part of /sys. On bare "
    "metal load the kernel's module (sudo modprobe intel_rapl_msr). Most virtual machines have no "
    "counters.";

// Root's alone since Linux 5.10 (CVE-2020-8694).
constexpr const char* remedy_to_read =
    "Make the counters readable: sudo chmod a+r /sys/class/powercap/*/energy_uj lasts until the "
    "next start, a udev rule for longer.";

std::string name_of(const fs::path& folder) {
  std::ifstream file(folder / "name");
  std::string name;
  std::getline(file, name);
  return name;
}

bool by_mmio(const fs::path& zone) {
  return zone.filename().string().rfind("intel-rapl-mmio", 0) == 0;
}

/// All zones under `folder`. The kernel shows subzones beside their parents and inside them, a
/// copied tree may have only the latter: control type, package, subzone are three levels.
void collect_zones(const fs::path& folder, int levels, std::vector<fs::path>& zones) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().filename().string().rfind("intel-rapl", 0) != 0) continue;
    zones.push_back(entry.path());
    if (levels > 1) collect_zones(entry.path(), levels - 1, zones);
  }
}

/// MSR before MMIO, which is the same counter by another road.
std::vector<fs::path> all_zones(const fs::path& root) {
  std::vector<fs::path> zones;
  collect_zones(root, 3, zones);
  std::sort(zones.begin(), zones.end(), [](const fs::path& a, const fs::path& b) {
    return std::pair(by_mmio(a), a) < std::pair(by_mmio(b), b);
  });
  return zones;
}

/// `package-0` for `intel-rapl:0:2`, whose parent `intel-rapl:0` lies beside or round it.
std::string parent_name(const fs::path& zone) {
  const std::string file = zone.filename().string();
  const fs::path parent = file.substr(0, file.rfind(':'));
  const fs::path folder = zone.parent_path();
  return name_of(folder.filename() == parent ? folder : folder / parent);
}

bool is_package(const std::string& name) {
  static const std::regex pattern("package-[0-9]+(-die-[0-9]+)?");
  return std::regex_match(name, pattern);
}

/// A domain with the zone that reads it, or what is wrong with the zones it has.
struct Domain {
  RaplZone zone;
  std::string problem;
  std::string remedy;
};
using Domains = std::map<std::string, Domain>;

Domain examine(const std::string& domain, const fs::path& folder) {
  const FileNumber energy = read_number(folder / "energy_uj");
  if (!energy.ok) return {{domain, folder, 0}, energy.problem, remedy_to_read};
  const FileNumber range = read_number(folder / "max_energy_range_uj");
  if (!range.ok) return {{domain, folder, 0}, range.problem, ""};
  if (range.value == 0) return {{domain, folder, 0}, folder.string() + " has a range of 0", ""};
  return {{domain, folder, range.value}, "", ""};
}

/// Keeps the first zone of a domain that can be read.
void offer(Domains& domains, const std::string& domain, const fs::path& folder) {
  const auto known = domains.find(domain);
  if (known != domains.end() && known->second.problem.empty()) return;
  Domain candidate = examine(domain, folder);
  if (known == domains.end() || candidate.problem.empty()) {
    domains[domain] = std::move(candidate);
  }
}

/// The zones, or the first problem if one of the domains has any.
std::vector<RaplZone> all_or_none(const Domains& domains, std::string& problem,
                                  std::string& remedy) {
  std::vector<RaplZone> zones;
  for (const auto& [domain, candidate] : domains) {
    if (!candidate.problem.empty()) {
      problem = candidate.problem;
      remedy = candidate.remedy;
      return {};
    }
    zones.push_back(candidate.zone);
  }
  return zones;
}

/// Constraints 0 and 1 are the long-term and the short-term one; what comes after them holds for
/// milliseconds.
std::uint64_t limit_microwatts(const fs::path& zone) {
  const FileNumber enabled = read_number(zone / "enabled");
  if (enabled.ok && enabled.value == 0) return 0;
  std::uint64_t most = 0;
  for (const char* file : {"constraint_0_power_limit_uw", "constraint_1_power_limit_uw"}) {
    if (const FileNumber limit = read_number(zone / file); limit.ok) {
      most = std::max(most, limit.value);
    }
  }
  return most;
}

}  // namespace

std::optional<double> power_limit_watts(const std::vector<RaplZone>& zones) {
  double watts = 0;
  for (const RaplZone& zone : zones) {
    const std::uint64_t limit = limit_microwatts(zone.folder);
    if (limit == 0) return std::nullopt;
    watts += static_cast<double>(limit) / 1e6;
  }
  return watts;
}

FileNumber read_number(const fs::path& path) {
  errno = 0;
  std::ifstream file(path);
  if (!file) return {false, 0, fmt::format("{}: {}", path.string(), std::strerror(errno))};
  std::uint64_t value = 0;
  if (file >> value) return {true, value, ""};
  return {false, 0, fmt::format("{} holds no number", path.string())};
}

RaplZones find_rapl_zones(const fs::path& root) {
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    const std::string problem = fmt::format(
        "{} is not there: this kernel, virtual machine or container shows no RAPL counters",
        root.string());
    return {{}, {}, problem, remedy_to_see, problem, remedy_to_see};
  }
  Domains packages;
  Domains dram;
  for (const auto& zone : all_zones(root)) {
    const std::string name = name_of(zone);
    if (is_package(name)) offer(packages, name, zone);
    if (name == "dram") offer(dram, parent_name(zone) + "/dram", zone);
  }
  RaplZones zones;
  zones.packages = all_or_none(packages, zones.problem, zones.remedy);
  zones.dram = all_or_none(dram, zones.dram_problem, zones.dram_remedy);
  if (packages.empty()) {
    zones.problem = fmt::format("{} has no CPU package", root.string());
    zones.remedy = remedy_to_see;
  }
  if (dram.empty()) zones.dram_problem = fmt::format("{} has no memory zone", root.string());
  return zones;
}

}  // namespace autotune
