// What the meters of a device do: the self-test of each (how often its counter moves, what a call
// costs, idle and loaded power, whether counter and integrated power agree, whether it sees all of
// the time), with the model as the load. Prints one JSON object; what the ranking meter did is kept
// in the cache for later tunes.
//
//     autotune_meter_facts MODEL --inputs FILE --device cuda --seconds 15
#include "energy/meter_facts.hpp"

#include <iostream>

#include "autotune/autotune.hpp"
#include "benchmarks/open_session.hpp"
#include "session/meter_facts_store.hpp"

namespace {

using namespace autotune;

po::variables_map parse(int argc, char** argv) {
  po::options_description options("autotune_meter_facts MODEL [OPTIONS]");
  // clang-format off
  options.add_options()
      ("help", "print this and exit")
      ("model", po::value<std::string>()->required(), "TorchScript file: the steady load")
      ("inputs", po::value<std::string>()->required(), "its inputs, from torch.save")
      ("device", po::value<std::string>()->default_value("auto"), "auto, cpu, cuda or cuda:N")
      ("meter", po::value<std::string>()->default_value("auto"),
       "auto, nvml, nvml:N, rapl or modelled")
      ("seconds", po::value<double>()->default_value(15), "for each meter, at most");
  // clang-format on
  po::positional_options_description positions;
  positions.add("model", 1);
  return autotune::parse(argc, argv, options, positions);
}

/// What follows from the figures, so that nobody needs to know the rules to read them.
Json with_conclusions(const MeterFacts& meter) {
  Json facts = meter;
  facts["disagreement"] = number_or_null(meter.disagreement());
  const auto duty_sampled = meter.duty_sampled();
  facts["duty_sampled"] = duty_sampled ? Json(*duty_sampled) : Json();
  return facts;
}

void print_facts(const po::variables_map& values) {
  Session session = open_session(values);
  const auto meters = session.test_meters(values["seconds"].as<double>());
  if (!meters.empty() && meters.front().failures.empty()) {
    save_meter_facts(session.device(), meters.front());
  }
  Json facts = {{"meters", Json::array()}};
  for (const MeterFacts& meter : meters) facts["meters"].push_back(with_conclusions(meter));
  const Device& device = session.device();
  facts["device"] = Json{{"name", device.name},
                         {"identity", device.key.identity},
                         {"conditions", device.key.conditions},
                         {"record", device.key.record}};
  facts["warnings"] = session.warnings();
  std::cout << facts.dump(2) << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("autotune_meter_facts", [&] { print_facts(parse(argc, argv)); });
}
