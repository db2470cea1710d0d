#include "profile/profile_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <set>

#include "autotune/error.hpp"

namespace autotune {
namespace {

using Fields = std::map<std::string, std::string>;

Json constraints_json(const Constraints& constraints) {
  Json json{{"max_latency_ms", number_or_null(constraints.max_latency_ms)},
            {"max_memory_bytes", nullptr},
            {"min_cosine", number_or_null(constraints.min_cosine)},
            {"max_relative_l2", number_or_null(constraints.max_relative_l2)},
            {"min_coverage", number_or_null(constraints.min_coverage)}};
  if (constraints.max_memory_bytes) json["max_memory_bytes"] = *constraints.max_memory_bytes;
  return json;
}

Constraints constraints_from(const Json& json) {
  Constraints constraints;
  constraints.max_latency_ms = optional_at<double>(json, "max_latency_ms");
  constraints.max_memory_bytes = optional_at<std::uint64_t>(json, "max_memory_bytes");
  constraints.min_cosine = json.value("min_cosine", constraints.min_cosine);
  constraints.max_relative_l2 = optional_at<double>(json, "max_relative_l2");
  constraints.min_coverage = json.value("min_coverage", constraints.min_coverage);
  return constraints;
}

Json object_of(const Profile& profile) {
  Json workload = profile.workload;
  workload["rows"] = profile.rows;
  workload["units_per_row"] = number_or_null(profile.units_per_row);
  return Json{{"schema_version", profile_schema_version},
              {"created", profile.created},
              {"workload", workload},
              {"device",
               {{"kind", to_string(profile.device_kind)},
                {"name", profile.device_name},
                {"identity", profile.key.identity},
                {"conditions", profile.key.conditions},
                {"record", profile.key.record}}},
              {"meter", profile.meter},
              {"effort", to_string(profile.effort)},
              {"complete", profile.complete},
              {"constraints", constraints_json(profile.constraints)},
              {"best", profile.best},
              {"lossy_best", profile.lossy_best ? Json(*profile.lossy_best) : Json()},
              {"baselines", profile.baselines},
              {"trials", profile.trials}};
}

/// A knob, precision, layout or status that a later 1.x brought: the point could not be applied,
/// so it is passed over, and kept in the file.
bool is_known(const Json& trial) {
  static const std::set<std::string> knobs{"threads", "retained_heap", "cuda_graph"};
  const Json& config = trial.at("config");
  const Json execution = config.value("execution", Json::object());
  for (const auto& knob : execution.items()) {
    if (!knobs.contains(knob.key())) return false;
  }
  return parse_precision(config.at("precision").get<std::string>()) &&
         parse_layout(config.at("layout").get<std::string>()) &&
         parse_trial_status(trial.at("status").get<std::string>());
}

template <typename Value>
std::vector<Value> known_ones(const Json& trials) {
  std::vector<Value> values;
  for (const Json& trial : trials) {
    if (is_known(trial)) values.push_back(trial.get<Value>());
  }
  return values;
}

bool same_trial(const Json& now, const Json& before) {
  return before.is_object() && is_known(before) && now.get<Trial>() == before.get<Trial>();
}

/// Adds what only `before` has, in objects of which this version knows every field it writes.
void keep_unknown(Json& now, const Json& before) {
  for (const auto& [key, value] : before.items()) {
    if (!now.contains(key)) {
      now[key] = value;
    } else if (now[key].is_object() && value.is_object()) {
      keep_unknown(now[key], value);
    }
  }
}

/// A trial keeps its unknown fields while its figures are the same; new figures have none yet.
void keep_unknown_of_trials(Json& now, const Json& before, bool comparable) {
  for (Json& trial : now) {
    const auto old = std::find_if(before.begin(), before.end(), [&](const Json& other) {
      return other.value("name", "") == trial.value("name", "") && same_trial(trial, other);
    });
    if (old != before.end()) keep_unknown(trial, *old);
  }
  for (const Json& trial : before) {
    if (comparable && !is_known(trial)) now.push_back(trial);
  }
}

void keep_unknown_of_profile(Json& now, const Json& before, bool comparable) {
  // Maps of the key and lists are values: a condition or point that is gone must stay gone.
  static const std::set<std::string> handled{"best", "lossy_best", "baselines", "trials", "device"};
  for (const auto& [key, value] : before.items()) {
    if (!now.contains(key)) {
      now[key] = value;
    } else if (!handled.contains(key) && now[key].is_object() && value.is_object()) {
      keep_unknown(now[key], value);
    }
  }
  for (const auto& [key, value] : before.at("device").items()) {
    if (!now["device"].contains(key)) now["device"][key] = value;
  }
  for (const char* key : {"best", "lossy_best"}) {
    if (now[key].is_object() && before.contains(key) && same_trial(now[key], before[key])) {
      keep_unknown(now[key], before[key]);
    }
  }
  keep_unknown_of_trials(now["baselines"], before.value("baselines", Json::array()), comparable);
  keep_unknown_of_trials(now["trials"], before.at("trials"), comparable);
}

std::array<int, 2> version_of(const Json& json) {
  const auto text = json.at("schema_version").get<std::string>();
  std::array<int, 2> version{-1, 0};
  const char* const end = text.data() + text.size();
  const auto [dot, error] = std::from_chars(text.data(), end, version[0]);
  if (error != std::errc() || dot == end || *dot != '.') return {-1, 0};
  std::from_chars(dot + 1, end, version[1]);
  return version;
}

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm fields{};
  gmtime_r(&now, &fields);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &fields);
  return text.data();
}

void read_key(const Json& device, Profile& profile) {
  const auto kind = device.at("kind").get<std::string>();
  profile.device_kind = kind == to_string(DeviceKind::cuda) ? DeviceKind::cuda : DeviceKind::cpu;
  profile.device_name = device.at("name").get<std::string>();
  profile.key = {.identity = device.at("identity").get<Fields>(),
                 .conditions = device.at("conditions").get<Fields>(),
                 .record = device.value("record", Fields{})};
}

/// An effort of a later version is taken for the one that claims least.
Effort effort_from(const Json& json) {
  return parse_effort(json.at("effort").get<std::string>()).value_or(Effort::quick);
}

/// Of the points this version knows, where the best one itself needs something newer.
const Trial& lowest(const std::vector<Trial>& trials) {
  const Trial* best = nullptr;
  const auto joules = [](const Trial& trial) { return trial.measurement->joules_per_unit; };
  for (const Trial& trial : trials) {
    if (trial.status != TrialStatus::ok || !trial.measurement || !joules(trial)) continue;
    if (best == nullptr || *joules(trial) < *joules(*best)) best = &trial;
  }
  if (best == nullptr) {
    throw Error(ErrorCode::profile, "every measured point needs a newer version of this library");
  }
  return *best;
}

Profile profile_of(const Json& json) {
  Profile profile;
  const Json& workload = json.at("workload");
  profile.workload = workload.get<WorkloadId>();
  profile.rows = workload.value("rows", 0);
  profile.units_per_row = workload.value("units_per_row", 1.0);
  read_key(json.at("device"), profile);
  profile.meter = json.at("meter").get<MeterInfo>();
  profile.effort = effort_from(json);
  profile.constraints = constraints_from(json.value("constraints", Json::object()));
  profile.baselines = known_ones<Baseline>(json.value("baselines", Json::array()));
  profile.trials = known_ones<Trial>(json.at("trials"));
  const Json& best = json.at("best");
  profile.best = is_known(best) ? best.get<Trial>() : lowest(profile.trials);
  const Json lossy = json.value("lossy_best", Json());
  if (lossy.is_object() && is_known(lossy)) profile.lossy_best = lossy.get<Trial>();
  profile.complete = json.value("complete", true);
  profile.created = json.value("created", "");
  return profile;
}

}  // namespace

namespace profile {

Text read_text(const std::string& text) {
  if (text.empty()) return {TextState::damaged, {}, "it is empty"};
  std::array<int, 2> version{};
  try {
    const Json json = Json::parse(text);
    version = version_of(json);
    if (version[0] > 1) {
      return {TextState::newer,
              {},
              fmt::format("its schema_version is {}, this library reads 1.x",
                          json["schema_version"].get<std::string>())};
    }
    if (version[0] != 1) return {TextState::damaged, {}, "its schema_version is no 1.x"};
    return {TextState::readable, profile_of(json), ""};
  } catch (const Error& error) {
    return {TextState::newer, {}, error.what()};
  } catch (const Json::exception& error) {
    // A later 1.x may use words for a meter or scope that are not known here.
    const bool newer = version[0] == 1 && version[1] > 0;
    return {newer ? TextState::newer : TextState::damaged, {}, error.what()};
  }
}

Text read_head(const std::string& json) {
  // As `to_lines` writes them. A line feed within a JSON string is escaped, so these are no text.
  const std::string first = "\n \"trials\": [\n";
  const std::string last = "\n ]";
  const auto begin = json.find(first);
  const auto end = begin == std::string::npos ? begin : json.find(last, begin);
  if (end == std::string::npos) return read_text(json);
  Text head =
      read_text(json.substr(0, begin) + "\n \"trials\": []" + json.substr(end + last.size()));
  return head.state == TextState::readable ? std::move(head) : read_text(json);
}

bool comparable(const Profile& a, const Profile& b) {
  return a.key.conditions == b.key.conditions && a.meter.source == b.meter.source &&
         a.meter.scope == b.meter.scope && a.rows == b.rows && a.units_per_row == b.units_per_row;
}

}  // namespace profile

Profile make_profile(const TuneResult& result) {
  Profile profile;
  profile.workload = result.workload.id;
  profile.rows = result.workload.rows;
  profile.units_per_row = result.workload.units_per_row;
  profile.key = result.key;
  profile.device_kind = result.device.kind;
  profile.device_name = result.device.name;
  profile.meter = result.meter;
  profile.effort = result.effort;
  profile.constraints = result.constraints;
  profile.best = result.best;
  profile.lossy_best = result.lossy_best;
  profile.baselines = result.baselines;
  profile.trials = result.trials;
  profile.complete = result.complete;
  profile.created = utc_now();
  return profile;
}

std::string to_json(const Profile& profile, const std::string& previous) {
  Json json = object_of(profile);
  if (const auto old = profile::read_text(previous); old.state == profile::TextState::readable) {
    keep_unknown_of_profile(json, Json::parse(previous), profile::comparable(profile, old.profile));
  }
  return to_lines(json);
}

Profile parse_profile(const std::string& json) {
  profile::Text text = profile::read_text(json);
  if (text.state == profile::TextState::readable) return std::move(text.profile);
  throw Error(ErrorCode::profile,
              fmt::format("The profile cannot be read: {}.\n{}", text.problem,
                          text.state == profile::TextState::newer
                              ? "Update this library, or run: autotune tune MODEL"
                              : "Make a new one with: autotune tune MODEL"));
}

}  // namespace autotune
