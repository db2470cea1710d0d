#include "journal/step_json.hpp"

namespace autotune {
namespace {

template <typename Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace

void to_json(Json& json, const Window& window) {
  json = Json{{"status", to_string(window.status)}};
  if (!window.reason.empty()) json["reason"] = window.reason;
  json["joules_per_unit"] = or_null(window.joules_per_unit);
  json["units"] = window.units;
  json["seconds"] = window.seconds;
  json["energy"] = window.energy;
  json["latencies_ms"] = window.latencies_ms;
  json["peak_memory_bytes"] = window.peak_memory_bytes;
  json["middle_ns"] = window.middle.count();
  json["temperature_c"] = or_null(window.temperature_c);
  json["page_faults_per_iteration"] = or_null(window.page_faults_per_iteration);
  json["flags"] = window.flags;
  json["disturbed"] = window.disturbed;
}

void from_json(const Json& json, Window& window) {
  window.status = status_at(json);
  window.reason = json.value("reason", "");
  window.joules_per_unit = optional_at<double>(json, "joules_per_unit");
  window.units = json.at("units").get<double>();
  window.seconds = json.at("seconds").get<double>();
  window.energy = json.at("energy").get<std::vector<EnergyPerUnit>>();
  window.latencies_ms = json.at("latencies_ms").get<std::vector<double>>();
  window.peak_memory_bytes = json.at("peak_memory_bytes").get<std::uint64_t>();
  window.middle = Timestamp(json.at("middle_ns").get<std::int64_t>());
  window.temperature_c = optional_at<double>(json, "temperature_c");
  window.page_faults_per_iteration = optional_at<double>(json, "page_faults_per_iteration");
  window.flags = json.at("flags").get<std::vector<std::string>>();
  window.disturbed = json.at("disturbed").get<bool>();
}

}  // namespace autotune
