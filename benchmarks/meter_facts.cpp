// What the meters of a device do: the self-test of each (how often its counter moves, what a call
// costs, idle and loaded power, whether counter and integrated power agree, whether it sees all of
// the time), with the model as the load. Prints one JSON object; what the ranking meter did is kept
// in the cache for later tunes.
//
//     autotune_meter_facts MODEL --inputs FILE --device cuda --seconds 15
#include "energy/meter_facts.hpp"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <iostream>

#include "autotune/autotune.hpp"
#include "benchmarks/open_session.hpp"
#include "session/meter_facts_store.hpp"

namespace {

using namespace autotune;
namespace po = boost::program_options;
po::variables_map parse(int argc, char** argv) {
  po::options_description options("autotune_meter_facts MODEL [OPTIONS]");
  // clang-format off
  options.add_options()
      ("help", "print this and exit")
      ("model", po::value<std::string>()->required(), "TorchScript file: the steady load")
      ("inputs", po::value<std::string>()->required(), "its inputs, from torch.save")
      ("device", po::value<std::string>()->default_value("auto"), "auto, cpu, cuda or cuda:N")
      ("seconds", po::value<double>()->default_value(15), "for each meter, at most");
  // clang-format on
  po::positional_options_description positions;
  positions.add("model", 1);
  po::variables_map values;
  po::store(po::command_line_parser(argc, argv).options(options).positional(positions).run(),
            values);
  if (values.count("help")) {
    std::cout << options;
    std::exit(0);
  }
  po::notify(values);
  return values;
}

int print_facts(const po::variables_map& values) {
  Session session = open_session(values);
  const auto meters = session.test_meters(values["seconds"].as<double>());
  if (!meters.empty() && meters.front().failures.empty()) {
    save_meter_facts(session.device(), meters.front());
  }
  Json facts = {{"meters", meters}};
  const Device& device = session.device();
  facts["device"] = Json{{"name", device.name},
                         {"identity", device.key.identity},
                         {"conditions", device.key.conditions},
                         {"record", device.key.record}};
  facts["warnings"] = session.warnings();
  std::cout << facts.dump(2) << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return print_facts(parse(argc, argv));
  } catch (const Error& error) {
    fmt::print(stderr, "autotune_meter_facts: {}\n", error.what());
    return exit_status(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "autotune_meter_facts: {}\n", error.what());
    return 2;
  }
}
