#include "tuner/journal_header.hpp"

namespace autotune {
namespace {

constexpr int journal_version = 1;

template <typename Value>
Json words(const std::vector<Value>& values) {
  Json list = Json::array();
  for (const Value& value : values) list.push_back(to_string(value));
  return list;
}

Json limits(const Constraints& limits) {
  return {{"max_latency_ms", number_or_null(limits.max_latency_ms)},
          {"max_memory_bytes", limits.max_memory_bytes ? Json(*limits.max_memory_bytes) : Json()},
          {"min_cosine", limits.min_cosine},
          {"max_relative_l2", limits.relative_l2_limit()},
          {"min_coverage", limits.min_coverage}};
}

}  // namespace

Json journal_header(const Description& description, const TuneOptions& options, Effort effort,
                    const MeterInfo& meter) {
  return {{"journal", journal_version},
          {"name", description.id.name},
          {"workload", description.id},
          {"device", {{"id", options.device.id}, {"identity", options.device.key.identity}}},
          {"conditions", options.device.key.conditions},
          {"meter", {{"source", to_string(meter.source)}, {"scope", to_string(meter.scope)}}},
          {"space",
           {{"arms", description.arms},
            {"rows", description.rows},
            {"units_per_row", description.units_per_row},
            {"max_batch", description.max_batch},
            {"batch", {options.min_batch, options.max_batch}},
            {"precision", words(options.precisions)},
            {"layout", words(options.layouts)},
            {"threads", options.threads}}},
          {"options",
           {{"effort", to_string(effort)},
            {"seed", options.seed},
            {"searcher", options.searcher},
            {"baseline", options.baseline ? Json(to_string(*options.baseline)) : Json()},
            {"budget_seconds", options.budget.seconds_for(options.effort)},
            {"budget_joules",
             number_or_null(options.budget.joules_for(options.effort, meter.most_watts))},
            {"limits", limits(options.constraints)}}}};
}

}  // namespace autotune
