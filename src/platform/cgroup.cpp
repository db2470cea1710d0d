#include "platform/cgroup.hpp"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace autotune {
namespace {

namespace fs = std::filesystem;

/// Where this process is in one hierarchy: `controllers` is empty for version 2.
struct Membership {
  std::string controllers;
  fs::path group;
};

std::vector<Membership> memberships(const fs::path& root) {
  std::vector<Membership> found;
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // 4:cpu,cpuacct:/a/b
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    found.push_back({line.substr(first + 1, second - first - 1), line.substr(second + 1)});
  }
  return found;
}

bool lists(const std::string& controllers, const std::string& name) {
  std::istringstream stream(controllers);
  for (std::string item; std::getline(stream, item, ',');) {
    if (item == name) return true;
  }
  return false;
}

/// The folders whose limits hold for this process: its group and every ancestor. In a container
/// the group's own path often does not exist, but the mount's top is then the container's group.
std::vector<fs::path> folders(const fs::path& root, const std::string& controller) {
  std::vector<fs::path> found;
  for (const auto& [controllers, group] : memberships(root)) {
    if (!controllers.empty() && !lists(controllers, controller)) continue;
    const fs::path mount =
        controllers.empty() ? root / "sys/fs/cgroup" : root / "sys/fs/cgroup" / controller;
    for (fs::path path = group.relative_path();; path = path.parent_path()) {
      found.push_back(mount / path);
      if (path.empty()) break;
    }
  }
  return found;
}

template <typename T>
std::optional<T> number_in(const fs::path& path) {
  std::ifstream file(path);
  T value{};
  if (file >> value) return value;
  return std::nullopt;
}

std::optional<double> quota_of(const fs::path& folder) {
  double quota = 0;
  double period = 0;
  std::ifstream version2(folder / "cpu.max");  // "max 100000" or "150000 100000"
  if (version2 >> quota >> period && period > 0) return quota / period;
  const auto quota_us = number_in<double>(folder / "cpu.cfs_quota_us");  // -1 without a limit
  const auto period_us = number_in<double>(folder / "cpu.cfs_period_us");
  if (quota_us && period_us && *quota_us > 0 && *period_us > 0) return *quota_us / *period_us;
  return std::nullopt;
}

std::optional<std::uint64_t> memory_of(const fs::path& folder) {
  const auto version2 = number_in<std::uint64_t>(folder / "memory.max");  // or the word "max"
  return version2 ? version2 : number_in<std::uint64_t>(folder / "memory.limit_in_bytes");
}

template <typename T>
std::optional<T> tightest(const std::vector<fs::path>& folders,
                          std::optional<T> (*limit_of)(const fs::path&)) {
  std::optional<T> least;
  for (const auto& folder : folders) {
    const auto limit = limit_of(folder);
    if (limit && (!least || *limit < *least)) least = limit;
  }
  return least;
}

}  // namespace

std::optional<double> cgroup_cpu_quota(const fs::path& root) {
  return tightest(folders(root, "cpu"), quota_of);
}

std::optional<std::uint64_t> cgroup_memory_limit(const fs::path& root) {
  return tightest(folders(root, "memory"), memory_of);
}

int affinity_cores() {
  // A machine may have more CPUs than cpu_set_t's 1,024: the mask grows until the kernel's fits.
  for (int capacity = 1024; capacity <= 1 << 20; capacity *= 2) {
    std::vector<cpu_set_t> mask(static_cast<std::size_t>(capacity) / CPU_SETSIZE);
    const std::size_t bytes = mask.size() * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, mask.data()) == 0) return CPU_COUNT_S(bytes, mask.data());
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

int usable_cores(int affinity, std::optional<double> quota) noexcept {
  const int whole = quota && *quota < affinity ? static_cast<int>(*quota) : affinity;
  return std::max(1, whole);
}

int usable_cores(const fs::path& root) {
  return usable_cores(affinity_cores(), cgroup_cpu_quota(root));
}

}  // namespace autotune
