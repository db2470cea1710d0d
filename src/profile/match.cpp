#include <algorithm>
#include <array>

#include "autotune/profile.hpp"

namespace autotune {
namespace {

using Fields = std::map<std::string, std::string>;

struct Meaning {
  std::string_view part_of_name;
  std::string_view meaning;
};

// The first whose part is in the field's name.
constexpr std::array<Meaning, 12> meanings{{
    {"power_limit", "another power limit moves clocks, joules and the best batch"},
    {"mig", "another MIG profile has other multiprocessors and memory"},
    {"ecc", "ECC costs memory bandwidth and capacity"},
    {"cores", "the number of usable cores moves latency and the best batch"},
    {"threads", "the number of threads moves latency and the best batch"},
    {"vbios", "another VBIOS may bring other clocks and power management"},
    {"driver",
     "another driver may bring other clocks and kernels: joules may move by some percent"},
    {"cuda", "another CUDA brings other kernels: joules and the best batch may move"},
    {"cudnn", "another cuDNN brings other convolutions: joules and the best batch may move"},
    {"torch", "another LibTorch brings other kernels: joules and the best batch may move"},
    {"autotune", "another version of this library measured it"},
    {"memory", "more or less memory moves the largest batch"},
}};

std::string meaning_of(const std::string& field) {
  const auto found = std::find_if(meanings.begin(), meanings.end(), [&](const Meaning& entry) {
    return field.find(entry.part_of_name) != std::string::npos;
  });
  return std::string(found == meanings.end() ? "the figures were measured under another value"
                                             : found->meaning);
}

Difference difference(const std::string& field, const std::string& profile,
                      const std::string& device) {
  return {field, profile, device, meaning_of(field)};
}

/// What both name and what differs in it; what only one of them names goes elsewhere.
struct Comparison {
  std::vector<Difference> differences;
  std::vector<std::string> only_profile;
  std::vector<std::string> only_device;
  int common = 0;
};

Comparison compare_fields(const Fields& profile, const Fields& device) {
  Comparison result;
  for (const auto& [field, value] : profile) {
    const auto other = device.find(field);
    if (other == device.end()) {
      result.only_profile.push_back(field);
      continue;
    }
    if (field != "kind") ++result.common;  // Every CPU is a CPU.
    if (other->second != value) {
      result.differences.push_back(difference(field, value, other->second));
    }
  }
  for (const auto& [field, value] : device) {
    if (!profile.contains(field)) result.only_device.push_back(field);
  }
  return result;
}

template <typename Value>
void append(std::vector<Value>& values, const std::vector<Value>& more) {
  values.insert(values.end(), more.begin(), more.end());
}

/// A profile that does not name a field cannot claim to fit it exactly.
void add_unnamed(std::vector<Difference>& differences, const Comparison& comparison,
                 const Fields& device) {
  for (const std::string& field : comparison.only_device) {
    differences.push_back(difference(field, "", device.at(field)));
  }
}

}  // namespace

KeyComparison compare(const HardwareKey& profile, const HardwareKey& device) {
  const Comparison identity = compare_fields(profile.identity, device.identity);
  const Comparison conditions = compare_fields(profile.conditions, device.conditions);
  KeyComparison result;
  result.differences = identity.differences;
  const bool same_identity = identity.common > 0 && identity.differences.empty();
  add_unnamed(result.differences, identity, device.identity);
  append(result.differences, conditions.differences);
  add_unnamed(result.differences, conditions, device.conditions);
  result.unchecked = identity.only_profile;
  append(result.unchecked, conditions.only_profile);
  if (same_identity) {
    result.match = result.differences.empty() ? Match::exact : Match::same_model;
  }
  return result;
}

}  // namespace autotune
