#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "device/inventory.hpp"

namespace autotune {
namespace {

std::vector<std::string> entries_of(const std::string& list) {
  std::vector<std::string> entries;
  std::istringstream stream(list);
  for (std::string entry; std::getline(stream, entry, ',');) {
    entry.erase(0, entry.find_first_not_of(' '));
    entries.push_back(entry);
  }
  return entries;
}

/// By index, or by the beginning of the UUID, as CUDA takes them.
const Device* named(const std::vector<Device>& gpus, const std::string& entry) {
  std::size_t index = 0;
  const char* end = entry.data() + entry.size();
  const auto [stop, error] = std::from_chars(entry.data(), end, index);
  if (error == std::errc() && stop == end) return index < gpus.size() ? &gpus[index] : nullptr;
  const auto found = std::find_if(gpus.begin(), gpus.end(), [&](const Device& gpu) {
    const auto uuid = gpu.key.record.find("uuid");
    return entry.rfind("GPU-", 0) == 0 && uuid != gpu.key.record.end() &&
           uuid->second.rfind(entry, 0) == 0;
  });
  return found == gpus.end() ? nullptr : &*found;
}

bool names_mig(const std::vector<std::string>& entries) {
  return std::any_of(entries.begin(), entries.end(),
                     [](const std::string& entry) { return entry.rfind("MIG-", 0) == 0; });
}

std::vector<Device> selected(const std::vector<Device>& gpus, const std::string& list) {
  const auto entries = entries_of(list);
  if (names_mig(entries)) return gpus;
  std::vector<Device> chosen;
  for (const auto& entry : entries) {
    const Device* gpu = named(gpus, entry);
    if (gpu == nullptr) break;
    chosen.push_back(*gpu);
  }
  return chosen;
}

}  // namespace

std::optional<std::string> cuda_visible_devices() {
  const char* value = std::getenv("CUDA_VISIBLE_DEVICES");
  if (value == nullptr) return std::nullopt;
  return value;
}

std::vector<Device> visible_devices(std::vector<Device> gpus,
                                    const std::optional<std::string>& visible) {
  std::vector<Device> shown = visible ? selected(gpus, *visible) : std::move(gpus);
  for (std::size_t i = 0; i < shown.size(); ++i) shown[i].id = "cuda:" + std::to_string(i);
  return shown;
}

}  // namespace autotune
