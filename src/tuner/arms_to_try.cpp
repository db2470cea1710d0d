// Which arms a tune tries: those that the worker offers, fewer by what the user named, more by
// knobs.
#include <fmt/format.h>

#include <algorithm>

#include "autotune/error.hpp"
#include "autotune/tuner.hpp"
#include "platform/cgroup.hpp"

namespace autotune {
namespace {

bool wanted(const Arm& arm, const TuneOptions& options) {
  const auto listed = [](const auto& list, auto value) {
    return list.empty() || std::ranges::find(list, value) != list.end();
  };
  return listed(options.precisions, arm.precision) && listed(options.layouts, arm.layout);
}

std::string reasons(const std::vector<UnsupportedArm>& unsupported) {
  std::string text;
  for (const UnsupportedArm& arm : unsupported) {
    text +=
        fmt::format("\n {} {}: {}", to_string(arm.precision), to_string(arm.layout), arm.reason);
  }
  return text;
}

void require_usable(const std::vector<int>& threads) {
  const int most = usable_cores();
  for (const int count : threads) {
    if (count >= 1 && count <= most) continue;
    throw Error(ErrorCode::usage, fmt::format("{} threads cannot be tried: this process may use 1 "
                                              "to {} (CPU affinity and cgroup quota).",
                                              count, most));
  }
}

/// Every one of `arms` with every thread count, each once, in their order.
std::vector<Arm> with_each(const std::vector<Arm>& arms, const std::vector<int>& threads) {
  if (threads.empty()) return arms;
  std::vector<Arm> made;
  for (const Arm& arm : arms) {
    for (const int count : threads) {
      Arm changed = arm;
      changed.execution.threads = count;
      if (std::ranges::find(made, changed) == made.end()) made.push_back(changed);
    }
  }
  return made;
}

}  // namespace

std::vector<Arm> arms_to_try(const Description& description, const TuneOptions& options) {
  require_usable(options.threads);
  std::vector<Arm> arms;
  std::ranges::copy_if(description.arms, std::back_inserter(arms),
                       [&](const Arm& arm) { return wanted(arm, options); });
  if (arms.empty()) {
    throw Error(ErrorCode::constraints, "none of the named precisions and layouts can run here." +
                                            reasons(description.unsupported));
  }
  return with_each(arms, options.threads);
}

}  // namespace autotune
