#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "autotune/error.hpp"
#include "autotune/variant_set.hpp"

namespace autotune {
namespace {

std::string platform_here() {
  utsname names{};
  ::uname(&names);
  std::string system = names.sysname;
  std::ranges::transform(system, system.begin(), [](unsigned char c) { return std::tolower(c); });
  return fmt::format("{}-{}", system, names.machine);
}

[[noreturn]] void refuse(const VariantSet& set, const std::string& problem) {
  throw Error(ErrorCode::model,
              fmt::format("the variant set {} {}. Nothing of it was run. Make one for here with: "
                          "python -m autotune export MODEL --out DIR",
                          set.folder.string(), problem));
}

void check_cpu(const VariantSet& set, const VariantHost& host) {
  std::vector<std::string> lacking;
  std::ranges::set_difference(set.cpu_features, host.cpu_features, std::back_inserter(lacking));
  if (!lacking.empty()) {
    refuse(set, fmt::format("was compiled for a CPU with {}, which this one lacks",
                            fmt::join(lacking, ", ")));
  }
}

}  // namespace

void check_host(const VariantSet& set, const VariantHost& host) {
  if (set.torch != host.torch) {
    refuse(set, fmt::format("was made by torch {}; this is {}", set.torch, host.torch));
  }
  if (const std::string here = platform_here(); set.platform != here) {
    refuse(set, fmt::format("was made for {}; this is {}", set.platform, here));
  }
  if (set.device != host.device) {
    refuse(set, fmt::format("was made for the device {}; this is {}", set.device, host.device));
  }
  if (set.device == "cpu") {
    check_cpu(set, host);
  } else if (set.compute_capability != host.compute_capability) {
    refuse(set, fmt::format("was compiled for GPUs of compute capability {}.{}; this one has {}.{}",
                            set.compute_capability / 10, set.compute_capability % 10,
                            host.compute_capability / 10, host.compute_capability % 10));
  }
}

}  // namespace autotune
