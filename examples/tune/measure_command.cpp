#include <fmt/format.h>

#include "commands.hpp"
#include "device_lock.hpp"
#include "model_options.hpp"

namespace autotune::cli {
namespace {

constexpr const char* usage =
    "autotune measure MODEL --config CONFIG (--inputs FILE | --input SPEC...) [OPTIONS]";

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
  const Config config = parse_config(values["config"].as<std::string>());
  const ModelOptions model = model_options(values);
  check_model_file(model);

  std::vector<std::string> warnings;
  const FileLock lock = lock_device(model.device);
  const auto meters = open_meters(model.meter, warnings);
  const auto workload = start_worker(model.worker);
  const Description description = workload->describe();
  warnings.insert(warnings.end(), description.warnings.begin(), description.warnings.end());
  const Trial trial =
      measure(*workload, description, meters, config, MeasureOptions::for_effort(model.effort));
  print_warnings(warnings);
  const MeterInfo& meter = meters.front()->info();
  fmt::print("{}", values.count("json") ? to_json(trial, model.device, meter) + "\n"
                                        : table(trial, description, meter));
  return trial.measurement ? 0 : 1;
}

}  // namespace autotune::cli
