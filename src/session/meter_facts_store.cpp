#include "session/meter_facts_store.hpp"

#include <fmt/format.h>

#include <fstream>

#include "autotune/error.hpp"
#include "autotune/profile.hpp"
#include "platform/atomic_file.hpp"
#include "platform/file_access.hpp"
#include "platform/file_name.hpp"

namespace autotune {
namespace {

std::string value_or(const std::map<std::string, std::string>& fields, const char* key,
                     const std::string& otherwise) {
  const auto found = fields.find(key);
  return found == fields.end() ? otherwise : found->second;
}

}  // namespace

std::filesystem::path meter_facts_path(const Device& device) {
  const std::string card = value_or(device.key.record, "uuid", device.name);
  const std::string driver = value_or(device.key.conditions, "driver", "none");
  return cache_folder() / "state" /
         ("meter-" + file_name_part(card, "card") + "-" + file_name_part(driver, "none") + ".json");
}

std::optional<MeterFacts> load_meter_facts(const Device& device) {
  std::ifstream file(meter_facts_path(device));
  if (!file) return std::nullopt;
  try {
    return Json::parse(file).get<MeterFacts>();
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

void save_meter_facts(const Device& device, const MeterFacts& facts) {
  const auto path = meter_facts_path(device);
  try {
    make_folders(path.parent_path(), ErrorCode::io);
    write_atomically(path, to_lines(Json(facts)));
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}\n{}", error.what(), own_cache_remedy));
  }
}

}  // namespace autotune
