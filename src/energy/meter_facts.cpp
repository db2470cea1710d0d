#include "energy/meter_facts.hpp"

namespace autotune {
namespace {

// A sensor that sees all of the time differs over the phase by its noise, far below this; one that
// sees a quarter of it by 67 % for a load between full and half power.
constexpr double spread_of_partial_sampling = 0.05;

std::optional<double> number_or_none(const Json& json, const char* key) {
  const Json& value = json.at(key);
  return value.is_null() ? std::nullopt : std::optional(value.get<double>());
}

}  // namespace

std::optional<bool> MeterFacts::duty_sampled() const {
  if (!phase_spread) return std::nullopt;
  return *phase_spread > spread_of_partial_sampling;
}

std::optional<double> MeterFacts::disagreement() const {
  if (!load_watts || !instant_watts || !(*instant_watts > 0)) return std::nullopt;
  return *load_watts / *instant_watts - 1;
}

void to_json(Json& json, const MeterFacts& facts) {
  json = {{"source", to_string(facts.source)},
          {"scope", to_string(facts.scope)},
          {"claimable", facts.claimable},
          {"note", facts.note},
          {"advances", facts.advances},
          {"ticks", facts.ticks},
          {"update_period_ms", number_or_null(facts.update_period_ms)},
          {"load_watts", number_or_null(facts.load_watts)},
          {"idle_watts", number_or_null(facts.idle_watts)},
          {"instant_watts", number_or_null(facts.instant_watts)},
          {"phase_spread", number_or_null(facts.phase_spread)},
          {"call_p50_us", facts.call_p50_us},
          {"call_p99_us", facts.call_p99_us},
          {"seconds", facts.seconds},
          {"failures", facts.failures}};
}

void from_json(const Json& json, MeterFacts& facts) {
  const auto meter = json.get<MeterInfo>();
  facts.source = meter.source;
  facts.scope = meter.scope;
  facts.claimable = meter.claimable;
  facts.note = meter.note;
  json.at("advances").get_to(facts.advances);
  json.at("ticks").get_to(facts.ticks);
  facts.update_period_ms = number_or_none(json, "update_period_ms");
  facts.load_watts = number_or_none(json, "load_watts");
  facts.idle_watts = number_or_none(json, "idle_watts");
  facts.instant_watts = number_or_none(json, "instant_watts");
  facts.phase_spread = number_or_none(json, "phase_spread");
  json.at("call_p50_us").get_to(facts.call_p50_us);
  json.at("call_p99_us").get_to(facts.call_p99_us);
  json.at("seconds").get_to(facts.seconds);
  json.at("failures").get_to(facts.failures);
}

}  // namespace autotune
