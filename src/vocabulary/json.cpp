#include "vocabulary/json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace autotune {
namespace {

class BadValue : public Json::exception {
 public:
  explicit BadValue(const std::string& message) : Json::exception(501, message.c_str()) {}
};

template <typename Enum>
Enum word(const Json& json, const char* key, std::optional<Enum> (*parse)(std::string_view)) {
  const auto text = json.at(key).get<std::string>();
  if (const auto value = parse(text)) return *value;
  throw BadValue(fmt::format("unknown {} '{}'", key, text));
}

/// Null stands for a value that was computed and came out as no number.
double number_or_nan(const Json& json) {
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

bool is_finite(const Interval& interval) {
  return std::isfinite(interval.low) && std::isfinite(interval.high);
}

int positive(const Json& json, const char* key) {
  const int value = json.at(key).get<int>();
  if (value < 1) throw BadValue(fmt::format("{} is {}, must be at least 1", key, value));
  return value;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json execution_json(const Execution& execution) {
  Json json = Json::object();
  if (execution.threads) json["threads"] = *execution.threads;
  if (execution.retained_heap) json["retained_heap"] = true;
  if (execution.cuda_graph) json["cuda_graph"] = true;
  return json;
}

Execution execution_from(const Json& json) {
  Execution execution;
  if (json.contains("threads")) execution.threads = positive(json, "threads");
  execution.retained_heap = json.value("retained_heap", false);
  execution.cuda_graph = json.value("cuda_graph", false);
  return execution;
}

}  // namespace

TrialStatus status_at(const Json& json) {
  return word<TrialStatus>(json, "status", parse_trial_status);
}

Json number_or_null(std::optional<double> value) {
  return value && std::isfinite(*value) ? Json(*value) : Json();
}

std::string to_lines(const Json& object) {
  std::string text = "{";
  for (const auto& [key, value] : object.items()) {
    text += fmt::format("{}\n {}: ", text.size() > 1 ? "," : "", dump(key));
    if (!value.is_array() || value.empty()) {
      text += dump(value);
      continue;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      text += fmt::format("{}\n  {}", i == 0 ? "[" : ",", dump(value[i]));
    }
    text += "\n ]";
  }
  return text + "\n}\n";
}

void to_json(Json& json, const Arm& arm) {
  json = Json{{"precision", to_string(arm.precision)},
              {"layout", to_string(arm.layout)},
              {"execution", execution_json(arm.execution)}};
}

void from_json(const Json& json, Arm& arm) {
  arm.precision = word<Precision>(json, "precision", parse_precision);
  arm.layout = word<Layout>(json, "layout", parse_layout);
  arm.execution = execution_from(json.value("execution", Json::object()));
}

void to_json(Json& json, const Config& config) {
  json = Json{{"batch", config.batch}};
  json.update(Json(config.arm));
}

void from_json(const Json& json, Config& config) {
  config.batch = positive(json, "batch");
  config.arm = json.get<Arm>();
}

void to_json(Json& json, const Interval& interval) {
  json = Json::array({number_or_null(interval.low), number_or_null(interval.high)});
}

void from_json(const Json& json, Interval& interval) {
  interval = {number_or_nan(json.at(0)), number_or_nan(json.at(1))};
}

void to_json(Json& json, const EnergyPerUnit& energy) {
  json = Json{{"scope", to_string(energy.scope)},
              {"source", to_string(energy.source)},
              {"joules_per_unit", number_or_null(energy.joules_per_unit)}};
}

void from_json(const Json& json, EnergyPerUnit& energy) {
  energy.scope = word<EnergyScope>(json, "scope", parse_energy_scope);
  energy.source = word<EnergySource>(json, "source", parse_energy_source);
  energy.joules_per_unit = number_or_nan(json.at("joules_per_unit"));
}

void to_json(Json& json, const Measurement& m) {
  json =
      Json{{"joules_per_unit", number_or_null(m.joules_per_unit)},
           {"ci95", m.ci95 && is_finite(*m.ci95) ? Json(*m.ci95) : Json()},
           {"latency_ms",
            {{"p50", number_or_null(m.latency_p50_ms)}, {"p99", number_or_null(m.latency_p99_ms)}}},
           {"units_per_second", number_or_null(m.units_per_second)},
           {"watts", number_or_null(m.watts)},
           {"peak_memory_bytes", m.peak_memory_bytes},
           {"energy", m.energy},
           {"windows", Json::array()},
           {"iterations", m.iterations},
           {"flags", m.flags}};
  for (const double window : m.windows) json["windows"].push_back(number_or_null(window));
}

void from_json(const Json& json, Measurement& m) {
  m.joules_per_unit = optional_at<double>(json, "joules_per_unit");
  m.ci95 = optional_at<Interval>(json, "ci95");
  m.latency_p50_ms = number_or_nan(json.at("latency_ms").at("p50"));
  m.latency_p99_ms = number_or_nan(json.at("latency_ms").at("p99"));
  m.units_per_second = number_or_nan(json.at("units_per_second"));
  m.watts = optional_at<double>(json, "watts");
  m.peak_memory_bytes = json.at("peak_memory_bytes").get<std::uint64_t>();
  m.energy = json.value("energy", std::vector<EnergyPerUnit>{});
  m.windows.clear();
  for (const Json& window : json.value("windows", Json::array())) {
    m.windows.push_back(number_or_nan(window));
  }
  m.iterations = json.value("iterations", 0);
  m.flags = json.value("flags", std::vector<std::string>{});
}

void to_json(Json& json, const Uncovered& part) {
  json = Json{{"op", part.op}, {"share", number_or_null(part.share)}, {"reason", part.reason}};
}

void from_json(const Json& json, Uncovered& part) {
  part.op = json.at("op").get<std::string>();
  part.share = number_or_nan(json.at("share"));
  part.reason = json.at("reason").get<std::string>();
}

void to_json(Json& json, const Accuracy& accuracy) {
  json = Json{{"worst_cosine", number_or_null(accuracy.worst_cosine)},
              {"relative_l2", number_or_null(accuracy.relative_l2)},
              {"coverage", number_or_null(accuracy.coverage)},
              {"finite", accuracy.finite},
              {"rows", accuracy.rows}};
  if (!accuracy.uncovered.empty()) json["uncovered"] = accuracy.uncovered;
  if (accuracy.top1_agreement) json["top1_agreement"] = number_or_null(accuracy.top1_agreement);
}

void from_json(const Json& json, Accuracy& accuracy) {
  accuracy.worst_cosine = number_or_nan(json.at("worst_cosine"));
  accuracy.relative_l2 = number_or_nan(json.at("relative_l2"));
  accuracy.coverage = number_or_nan(json.at("coverage"));
  accuracy.finite = json.at("finite").get<bool>();
  accuracy.rows = json.value("rows", 0);
  accuracy.top1_agreement = optional_at<double>(json, "top1_agreement");
  accuracy.uncovered = json.value("uncovered", std::vector<Uncovered>{});
}

void to_json(Json& json, const RouteTrial& route) {
  json = Json{{"name", route.name}};
  if (route.ms) json["ms"] = number_or_null(route.ms);
  if (!route.reason.empty()) json["reason"] = route.reason;
}

void from_json(const Json& json, RouteTrial& route) {
  route.name = json.at("name").get<std::string>();
  route.ms = optional_at<double>(json, "ms");
  route.reason = json.value("reason", "");
}

void to_json(Json& json, const SetUpCost& cost) {
  json = Json{{"seconds", number_or_null(cost.seconds)}};
  if (cost.export_seconds) json["export_seconds"] = number_or_null(cost.export_seconds);
  if (!cost.routes.empty()) json["routes"] = cost.routes;
}

void from_json(const Json& json, SetUpCost& cost) {
  cost.seconds = number_or_nan(json.at("seconds"));
  cost.export_seconds = optional_at<double>(json, "export_seconds");
  cost.routes = json.value("routes", std::vector<RouteTrial>{});
}

void to_json(Json& json, const Trial& trial) {
  json = Json{{"config", trial.config}, {"status", to_string(trial.status)}};
  if (!trial.reason.empty()) json["reason"] = trial.reason;
  if (trial.measurement) json["measurement"] = *trial.measurement;
  if (trial.accuracy) json["accuracy"] = *trial.accuracy;
  if (trial.set_up) json["set_up"] = *trial.set_up;
}

void from_json(const Json& json, Trial& trial) {
  trial.config = json.at("config").get<Config>();
  trial.status = status_at(json);
  trial.reason = json.value("reason", "");
  trial.measurement = optional_at<Measurement>(json, "measurement");
  trial.accuracy = optional_at<Accuracy>(json, "accuracy");
  trial.set_up = optional_at<SetUpCost>(json, "set_up");
}

void to_json(Json& json, const Prepared& prepared) {
  json = Json{{"status", to_string(prepared.status)},
              {"reason", prepared.reason},
              {"set_up", prepared.set_up},
              {"accuracy", prepared.accuracy}};
}

void from_json(const Json& json, Prepared& prepared) {
  prepared.status = status_at(json);
  prepared.reason = json.value("reason", "");
  prepared.set_up = optional_at<SetUpCost>(json, "set_up").value_or(SetUpCost{});
  prepared.accuracy = optional_at<Accuracy>(json, "accuracy").value_or(Accuracy{});
}

void to_json(Json& json, const UnsupportedArm& arm) {
  json = Json{{"precision", to_string(arm.precision)},
              {"layout", to_string(arm.layout)},
              {"reason", arm.reason}};
}

void from_json(const Json& json, UnsupportedArm& arm) {
  arm.precision = word<Precision>(json, "precision", parse_precision);
  arm.layout = word<Layout>(json, "layout", parse_layout);
  arm.reason = json.at("reason").get<std::string>();
}

void to_json(Json& json, const WorkloadId& id) {
  json = Json{
      {"name", id.name}, {"unit", id.unit}, {"inputs", id.inputs}, {"fingerprint", id.fingerprint}};
}

void from_json(const Json& json, WorkloadId& id) {
  id.name = json.at("name").get<std::string>();
  id.unit = json.at("unit").get<std::string>();
  id.inputs = json.at("inputs").get<std::string>();
  id.fingerprint = json.at("fingerprint").get<std::string>();
}

void to_json(Json& json, const MeterInfo& meter) {
  json = Json{{"source", to_string(meter.source)},
              {"scope", to_string(meter.scope)},
              {"claimable", meter.claimable},
              {"note", meter.note}};
}

void from_json(const Json& json, MeterInfo& meter) {
  meter.source = word<EnergySource>(json, "source", parse_energy_source);
  meter.scope = word<EnergyScope>(json, "scope", parse_energy_scope);
  meter.claimable = json.at("claimable").get<bool>();
  meter.note = json.value("note", "");
}

void to_json(Json& json, const Baseline& baseline) {
  const auto& ci95 = baseline.saving_ci95;
  json = Json{{"name", baseline.name}};
  json.update(Json(baseline.trial));
  json["saving"] = {{"fraction", number_or_null(baseline.saving)},
                    {"ci95", ci95 && is_finite(*ci95) ? Json(*ci95) : Json()}};
}

void from_json(const Json& json, Baseline& baseline) {
  baseline.name = json.at("name").get<std::string>();
  baseline.trial = json.get<Trial>();
  baseline.saving = number_or_nan(json.at("saving").at("fraction"));
  baseline.saving_ci95 = optional_at<Interval>(json.at("saving"), "ci95");
}

}  // namespace autotune
