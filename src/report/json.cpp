#include "vocabulary/json.hpp"

#include "autotune/report.hpp"
#include "energy/meter_facts.hpp"

namespace autotune {
namespace {

Json device_json(const Device& device, const HardwareKey& key) {
  Json json{{"kind", to_string(device.kind)},
            {"name", device.name},
            {"id", device.id},
            {"cores", device.cores},
            {"memory_bytes", device.memory_bytes},
            {"features", device.features}};
  if (!device.pci_address.empty()) json["pci_address"] = device.pci_address;
  json["identity"] = key.identity;
  json["conditions"] = key.conditions;
  json["record"] = key.record;
  return json;
}

Json spent_json(const Spent& spent) {
  return Json{{"seconds", number_or_null(spent.seconds)},
              {"joules", number_or_null(spent.joules)},
              {"trials", spent.trials}};
}

Json budget_json(const Budget& budget) {
  return Json{{"seconds", number_or_null(budget.seconds)},
              {"joules", number_or_null(budget.joules)}};
}

Json meter_json(const SurveyedMeter& meter) {
  return Json{{"source", to_string(meter.source)},
              {"scope", to_string(meter.scope)},
              {"usable", meter.usable},
              {"claimable", meter.claimable},
              {"reason", meter.reason},
              {"remedy", meter.remedy}};
}

/// What only a GPU has is null on a CPU.
Json watch_json(const WatchSurvey& watch) {
  const auto of_gpu = [&](bool GpuWatchSurvey::*fact) {
    return watch.gpu ? Json((*watch.gpu).*fact) : Json();
  };
  return Json{{"schedstat", watch.waited},
              {"pressure", watch.stalled},
              {"steal", watch.stolen},
              {"throttle", of_gpu(&GpuWatchSurvey::throttled)},
              {"temperature", of_gpu(&GpuWatchSurvey::temperature)},
              {"sm_clock", of_gpu(&GpuWatchSurvey::sm_clock)},
              {"processes", of_gpu(&GpuWatchSurvey::processes)}};
}

}  // namespace

std::string to_json(const Checkup& checkup) {
  Json meters = Json::array();
  for (const SurveyedMeter& meter : checkup.meters) meters.push_back(meter_json(meter));
  return to_lines(Json{{"device", device_json(checkup.device, checkup.device.key)},
                       {"meters", meters},
                       {"meter", checkup.chosen ? Json(*checkup.chosen) : Json()},
                       {"watch", watch_json(checkup.watch)},
                       {"self_test", checkup.self_tests ? Json(*checkup.self_tests) : Json()}});
}

std::string to_json(const std::vector<ConformanceCheck>& checks) {
  Json list = Json::array();
  for (const ConformanceCheck& check : checks) {
    list.push_back(Json{{"what", check.what}, {"passed", check.passed}});
    if (!check.passed) list.back()["finding"] = check.finding;
  }
  return to_lines(Json{{"protocol", worker_protocol_version}, {"checks", list}});
}

std::string event_line(const TuneEvent& event) {
  Json json{{"type", event.type},
            {"phase", event.phase},
            {"seconds", number_or_null(event.seconds)},
            {"joules", number_or_null(event.joules)},
            {"config", event.config},
            {"status", to_string(event.status)}};
  if (!event.reason.empty()) json["reason"] = event.reason;
  if (event.joules_per_unit) json["joules_per_unit"] = number_or_null(event.joules_per_unit);
  if (event.latency_ms) json["latency_ms"] = number_or_null(event.latency_ms);
  if (!event.flags.empty()) json["flags"] = event.flags;
  if (event.resumed) json["resumed"] = true;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_json(const TuneResult& result, const std::string& profile_path) {
  return to_lines(Json{{"schema_version", profile_schema_version},
                       {"name", result.workload.id.name},
                       {"unit", result.workload.id.unit},
                       {"device", device_json(result.device, result.key)},
                       {"meter", result.meter},
                       {"best", result.best},
                       {"lossy_best", result.lossy_best ? Json(*result.lossy_best) : Json()},
                       {"baselines", result.baselines},
                       {"ties", result.ties},
                       {"trials", result.trials},
                       {"unsupported", result.workload.unsupported},
                       {"spent", spent_json(result.spent)},
                       {"budget", budget_json(result.budget)},
                       {"pays_back_after_units", number_or_null(result.pays_back_after_units)},
                       {"effort", to_string(result.effort)},
                       {"search",
                        {{"searcher", result.searcher},
                         {"ended", result.search_ended},
                         {"seconds", number_or_null(result.search_seconds)}}},
                       {"resumed_steps", result.resumed_steps},
                       {"complete", result.complete},
                       {"warnings", result.warnings},
                       {"profile_path", profile_path.empty() ? Json() : Json(profile_path)}});
}

std::string to_json(const Trial& trial, const Device& device, const MeterInfo& meter) {
  Json json = trial;
  json["device"] = device_json(device, device.key);
  json["meter"] = meter;
  return to_lines(json);
}

std::string to_json(const std::vector<Device>& devices) {
  Json json = Json::array();
  for (const Device& device : devices) json.push_back(device_json(device, device.key));
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace autotune
