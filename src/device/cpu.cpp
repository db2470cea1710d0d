#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "device/inventory.hpp"
#include "platform/cgroup.hpp"

namespace autotune {
namespace {

namespace fs = std::filesystem;

// What arithmetic libraries choose their kernels by; names as /proc/cpuinfo prints them.
constexpr std::array<std::string_view, 23> flags_that_matter = {
    "sse4_2",   "avx",      "avx2",     "fma",         "f16c",        "avx_vnni",
    "avx512f",  "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16",
    "amx_tile", "amx_bf16", "amx_int8", "amx_fp16",    "asimd",       "asimdhp",
    "asimddp",  "bf16",     "i8mm",     "sve",         "sve2"};

using Fields = std::map<std::string, std::string>;

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// `key : value` lines up to the first empty one: of /proc/cpuinfo the block of one CPU, since the
/// kernel takes long to write those of hundreds.
Fields read_fields(const fs::path& path) {
  Fields fields;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line) && !line.empty();) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    fields.emplace(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return fields;
}

std::string value_or(const Fields& fields, const std::string& key, const std::string& fallback) {
  const auto found = fields.find(key);
  return found == fields.end() || found->second.empty() ? fallback : found->second;
}

/// ARM kernels print numbers in place of a name.
std::string model_name(const Fields& fields) {
  if (fields.count("CPU part") != 0) {
    return fmt::format("ARM CPU, implementer {} part {}",
                       value_or(fields, "CPU implementer", "unknown"), fields.at("CPU part"));
  }
  return value_or(fields, "model name", "unknown CPU");
}

std::vector<std::string> isa_flags(const Fields& fields) {
  std::istringstream stream(value_or(fields, "flags", value_or(fields, "Features", "")));
  std::set<std::string> present;
  for (std::string flag; stream >> flag;) present.insert(flag);
  std::vector<std::string> flags;
  for (const auto flag : flags_that_matter) {
    if (present.count(std::string(flag)) != 0) flags.emplace_back(flag);
  }
  return flags;
}

std::uint64_t memory_of_machine(const fs::path& root) {
  std::istringstream stream(value_or(read_fields(root / "proc/meminfo"), "MemTotal", "0"));
  std::uint64_t kibibytes = 0;
  stream >> kibibytes;
  return kibibytes * 1024;
}

std::uint64_t usable_memory(const fs::path& root) {
  const std::uint64_t machine = memory_of_machine(root);
  const auto limit = cgroup_memory_limit(root);
  return limit && (machine == 0 || *limit < machine) ? *limit : machine;
}

void fill_key(Device& cpu, const Fields& fields) {
  cpu.key.identity = {{"kind", "cpu"},
                      {"name", cpu.name},
                      {"cores", std::to_string(cpu.cores)},
                      {"isa", fmt::format("{}", fmt::join(cpu.features, " "))}};
  // Virtual machines often call generations of a CPU by one name; family and model tell them apart.
  for (const auto& [key, field] :
       {std::pair{"cpu_family", "cpu family"}, std::pair{"cpu_model", "model"}}) {
    if (const auto found = fields.find(field); found != fields.end()) {
      cpu.key.identity[key] = found->second;
    }
  }
  // Not identity: a kernel's reserve and a container's limit change it without changing speed.
  cpu.key.record["memory_mib"] = std::to_string(cpu.memory_bytes >> 20);
}

}  // namespace

Device cpu_device(const fs::path& root, int affinity) {
  const Fields fields = read_fields(root / "proc/cpuinfo");
  Device cpu;
  cpu.kind = DeviceKind::cpu;
  cpu.id = "cpu";
  cpu.name = model_name(fields);
  cpu.cores = usable_cores(affinity, cgroup_cpu_quota(root));
  cpu.memory_bytes = usable_memory(root);
  cpu.features = isa_flags(fields);
  fill_key(cpu, fields);
  return cpu;
}

Device cpu_device() {
  Device cpu = cpu_device("/", affinity_cores());
  add_host(cpu);
  return cpu;
}

}  // namespace autotune
