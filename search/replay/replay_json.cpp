#include "search/replay/replay_json.hpp"

#include <nlohmann/json.hpp>

namespace autotune::replay {
namespace {

using Json = nlohmann::ordered_json;

Json number(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json named(const Candidate& candidate, const Table& table) {
  return {{"arm", table.space().arms[candidate.arm].name}, {"batch", candidate.batch}};
}

Json ratio_of(const ReplayResult& result, const Table& table) {
  if (!result.ratio || !result.reference) return {};
  return {{"reference", named(*result.reference, table)},
          {"value", result.ratio->value},
          {"ci95", {result.ratio->ci95.low, result.ratio->ci95.high}}};
}

}  // namespace

std::string to_json(const ReplayResult& result, const Table& table, const std::string& name,
                    std::uint64_t seed) {
  const Spent& spent = result.spent;
  const Json line{{"table", name},
                  {"searcher", result.searcher},
                  {"seed", seed},
                  {"pick", result.pick ? named(*result.pick, table) : Json()},
                  {"regret", number(result.regret)},
                  {"windows", spent.windows},
                  {"probes", spent.probes},
                  {"seconds", spent.seconds},
                  {"joules", spent.joules},
                  {"out_of_memory", spent.out_of_memory},
                  {"ratio", ratio_of(result, table)},
                  {"true_ratio", number(result.true_ratio)},
                  {"fits", spent.fits},
                  {"repeated_out_of_memory", spent.repeated_out_of_memory},
                  {"feasible", result.feasible},
                  {"power_of_two_regret", number(result.power_of_two_regret)},
                  {"why_ended", result.why_ended}};
  // A name on the disk need not be UTF-8.
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace autotune::replay
