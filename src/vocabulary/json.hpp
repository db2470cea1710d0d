#pragma once
#include <nlohmann/json.hpp>
#include <optional>

#include "autotune/energy.hpp"
#include "autotune/trial.hpp"
#include "autotune/tuner.hpp"
#include "autotune/workload.hpp"

// The JSON of the vocabulary: one shape in worker messages, profiles, reports and the command
// line. Reading throws nlohmann::json::exception for a missing field or a wrong type, and for a
// word that is not known; unknown fields are passed over.
namespace autotune {

/// Object in which keys keep the order of insertion, as all our JSON is written.
using Json = nlohmann::ordered_json;

void to_json(Json& json, const Arm& arm);
void from_json(const Json& json, Arm& arm);
void to_json(Json& json, const Config& config);  ///< {batch, precision, layout, execution{…}}
void from_json(const Json& json, Config& config);
void to_json(Json& json, const Interval& interval);  ///< [low, high]
void from_json(const Json& json, Interval& interval);
void to_json(Json& json, const EnergyPerUnit& energy);
void from_json(const Json& json, EnergyPerUnit& energy);
void to_json(Json& json, const Measurement& measurement);
void from_json(const Json& json, Measurement& measurement);
void to_json(Json& json, const Accuracy& accuracy);
void from_json(const Json& json, Accuracy& accuracy);
void to_json(Json& json, const Uncovered& part);
void from_json(const Json& json, Uncovered& part);
void to_json(Json& json, const RouteTrial& route);
void from_json(const Json& json, RouteTrial& route);
void to_json(Json& json, const SetUpCost& cost);
void from_json(const Json& json, SetUpCost& cost);
void to_json(Json& json, const Trial& trial);
void from_json(const Json& json, Trial& trial);
void to_json(Json& json, const UnsupportedArm& arm);
void from_json(const Json& json, UnsupportedArm& arm);
void to_json(Json& json, const WorkloadId& id);
void from_json(const Json& json, WorkloadId& id);
void to_json(Json& json, const MeterInfo& meter);  ///< {source, scope, claimable, note}
void from_json(const Json& json, MeterInfo& meter);
void to_json(Json& json, const Baseline& baseline);  ///< A trial with `name` and `saving`.
void from_json(const Json& json, Baseline& baseline);

void to_json(Json& json, const Prepared& prepared);
void from_json(const Json& json, Prepared& prepared);

/// A field that may be absent or null.
template <typename Value>
[[nodiscard]] std::optional<Value> optional_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return found->template get<Value>();
}

/// The field `status`.
[[nodiscard]] TrialStatus status_at(const Json& json);

/// A number, or null where there is none or it is not finite: NaN and infinity are no JSON.
[[nodiscard]] Json number_or_null(std::optional<double> value);

/// Text of an object with one line per field and per element of its arrays, so that people and
/// `diff` can read it. Bytes that are no UTF-8, as file names may have, are replaced.
[[nodiscard]] std::string to_lines(const Json& object);

}  // namespace autotune
