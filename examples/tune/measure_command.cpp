#include <fmt/format.h>

#include "autotune/variant_set.hpp"
#include "commands.hpp"
#include "model_options.hpp"

namespace autotune::cli {
namespace {

constexpr const char* usage =
    "autotune measure MODEL|--exec COMMAND --config CONFIG [--inputs FILE | --input SPEC...] "
    "[OPTIONS]";

}  // namespace

int measure_command(const std::vector<std::string>& words) {
  po::options_description options("Options", 100);
  options.add_options()("config", po::value<std::string>(),
                        "batch=8,precision=bf16,layout=plain; what is left out is as loaded");
  add_model_options(options, "quick");
  const po::variables_map values = parse(words, options, {"model"}, usage);
  if (values.count("help")) return 0;
  if (!values.count("config")) {
    throw Error(ErrorCode::usage, "--config is missing. Example: --config batch=8,precision=fp32");
  }
  ModelOptions model = model_options(values);
  Config config = parse_config(values["config"].as<std::string>());
  if (is_variant_set(model.session.worker.workload.model)) config = in_variant_set(config);

  model.session.worker.workload.first_batch = config.batch;
  model.session.worker.workload.last_batch = config.batch;
  Session session(model.session);
  const Description description = session.workload().describe();
  session.trust_meters(model.effort);
  const Trial trial = measure(session.workload(), description, session.meters(), config,
                              session.measure_options(model.effort), 3, &session.watch());
  print_warnings(session.warnings());
  print_warnings(description.warnings);
  const MeterInfo& meter = session.meters().front()->info();
  fmt::print("{}", values.count("json") ? to_json(trial, model.session.device, meter)
                                        : table(trial, description, meter));
  return trial.measurement ? 0 : 1;
}

}  // namespace autotune::cli
