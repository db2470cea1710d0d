#include <fmt/format.h>

#include "arguments.hpp"
#include "autotune/autotune.hpp"
#include "commands.hpp"

namespace autotune::cli {
namespace {

constexpr double bytes_per_gib = 1024.0 * 1024 * 1024;

std::string row(const Device& device) {
  std::string features;
  for (const std::string& feature : device.features) features += " " + feature;
  return fmt::format("{:<8} {}  {} {}  {:.1f} GiB {}\n", device.id, device.name, device.cores,
                     device.kind == DeviceKind::cpu ? "cores" : "SMs",
                     static_cast<double>(device.memory_bytes) / bytes_per_gib, features);
}

}  // namespace

int devices_command(const std::vector<std::string>& words) {
  po::options_description options("Options", 100);
  options.add_options()("json", "print a JSON array");
  const po::variables_map values = parse(words, options, {}, "autotune devices [--json]");
  if (values.count("help")) return 0;
  const std::vector<Device> found = devices();
  if (values.count("json")) {
    fmt::print("{}", to_json(found));
  } else {
    for (const Device& device : found) fmt::print("{}", row(device));
  }
  return 0;
}

}  // namespace autotune::cli
