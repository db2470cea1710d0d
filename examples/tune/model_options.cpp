#include "model_options.hpp"

#include <fmt/format.h>

#include "autotune/variant_set.hpp"

namespace autotune::cli {
namespace {

constexpr int most_in_flight = 64;

void take_device_options(const po::variables_map& values, WorkloadOptions& workload) {
  workload.pipeline = values["pipeline"].as<int>();
  if (workload.pipeline < 1 || workload.pipeline > most_in_flight) {
    throw Error(ErrorCode::usage, fmt::format("--pipeline {}: 1 to {} batches can be in flight.",
                                              workload.pipeline, most_in_flight));
  }
  if (values.count("resident-mib")) {
    const double mib = values["resident-mib"].as<double>();
    require_positive("--resident-mib", mib, true);
    workload.resident_bytes = static_cast<std::uint64_t>(mib * 1024 * 1024);
  }
}

WorkloadOptions workload_options(const po::variables_map& values) {
  WorkloadOptions workload;
  const bool own_engine = values.count("exec") > 0;
  if (own_engine && values.count("model")) {
    throw Error(ErrorCode::usage,
                "--exec COMMAND and MODEL exclude each other: the program of the command says what "
                "it runs. Name the model in the command.");
  }
  if (!own_engine && !values.count("model")) {
    throw Error(ErrorCode::usage,
                "no model is named. Give a variant set (python -m autotune export), a TorchScript "
                "file (torch.jit.save), or --exec COMMAND for a program that speaks the worker's "
                "protocol.");
  }
  if (!own_engine) workload.model = values["model"].as<std::string>();
  if (values.count("inputs")) workload.inputs = values["inputs"].as<std::string>();
  if (values.count("input")) workload.input_specs = values["input"].as<std::vector<std::string>>();
  if (workload.inputs && !workload.input_specs.empty()) {
    throw Error(ErrorCode::usage,
                "--inputs and --input exclude each other: give example inputs "
                "from a file, or one spec per argument.");
  }
  const bool brings_inputs = own_engine || is_variant_set(workload.model);
  if (!workload.inputs && workload.input_specs.empty() && !brings_inputs) {
    throw Error(ErrorCode::usage,
                "the model needs example inputs: --inputs FILE (from torch.save), or one --input "
                "SPEC per argument, like --input 'int64[batch,128]:0..30521'.");
  }
  if (values.count("name")) {
    workload.name = values["name"].as<std::string>();
  } else if (!own_engine) {
    workload.name = default_name(workload.model);
  }
  if (values.count("unit")) workload.unit = values["unit"].as<std::string>();
  if (values.count("units-from-mask")) {
    if (values.count("units-per-item")) {
      throw Error(ErrorCode::usage, "--units-per-item and --units-from-mask exclude each other.");
    }
    workload.units_from_mask = values["units-from-mask"].as<std::string>();
  }
  if (values.count("units-per-item")) {
    workload.units_per_item = values["units-per-item"].as<double>();
    require_positive("--units-per-item", workload.units_per_item);
  }
  if (values.count("batch-dim")) {
    workload.batch_dims = values["batch-dim"].as<std::vector<std::string>>();
  }
  workload.seed = values["seed"].as<std::uint64_t>();
  workload.hot_inputs = values.count("hot-inputs") > 0;
  workload.copy_inputs = values.count("copy-inputs") > 0;
  take_device_options(values, workload);
  return workload;
}

void take_seconds(const po::variables_map& values, const char* flag, double& seconds) {
  if (!values.count(flag)) return;
  seconds = values[flag].as<double>();
  require_positive(fmt::format("--{}", flag), seconds);
}

}  // namespace

void add_session_options(po::options_description& options) {
  const auto text = [] { return po::value<std::string>(); };
  const auto texts = [] { return po::value<std::vector<std::string>>(); };
  options.add_options()("inputs", text(),
                        "example inputs from torch.save: a tensor or a nested tuple, list or dict "
                        "of tensors; dimension 0 is the batch")(
      "input", texts(),
      "instead, one spec per argument: int64[batch,128]:0..30521, "
      "float32[batch,3,224,224]:normal")(
      "batch-dim", texts(), "ARG:DIM or ARG:none, where the batch is not dimension 0 of ARG")(
      "name", text(), "of the workload (default: the file's stem)")(
      "unit", text(), "the unit of work (default: item, or token with a mask)")(
      "units-per-item", po::value<double>(), "units of work per row (default 1)")(
      "units-from-mask", text(), "count useful units: the sum of argument ARG (0, 1, 2.0)")(
      "hot-inputs", "every iteration takes the first rows (default: the next ones)")(
      "copy-inputs", "count copies to the device and casts of inputs (default: done before)")(
      "pipeline", po::value<int>()->default_value(1),
      "batches on a GPU at once, as a throughput job has them (kept with the figures)")(
      "resident-mib", po::value<double>(),
      "arms stay loaded while others run, up to so much (default: a quarter of the memory)")(
      "device", text()->default_value("auto"), "auto, cpu, cuda or cuda:N")(
      "meter", text()->default_value("auto"), "auto, nvml[:N], rapl or modelled")(
      "seed", po::value<std::uint64_t>()->default_value(0), "of the search and generated inputs")(
      "exec", text(),
      "in place of MODEL: a program that speaks docs/worker_protocol.md, with its arguments")(
      "prepare-seconds", po::value<double>(),
      "give up an arm that is not ready by then, kernels compiled (default 600)")(
      "first-run-seconds", po::value<double>(),
      "give up an arm whose first run takes so much longer than asked for (default 300)")(
      "worker", text(), "path of autotune-worker (default: AUTOTUNE_WORKER, else installed)")(
      "json", "print one JSON object on stdout");
}

SessionOptions device_options(const po::variables_map& values) {
  SessionOptions session;
  session.device = find_device(values["device"].as<std::string>());
  session.meter = meter_options(session.device, values["meter"].as<std::string>());
  return session;
}

SessionOptions session_options(const po::variables_map& values) {
  WorkerOptions worker{.workload = workload_options(values)};
  if (values.count("worker")) worker.executable = values["worker"].as<std::string>();
  take_seconds(values, "prepare-seconds", worker.prepare_seconds);
  take_seconds(values, "first-run-seconds", worker.first_run_seconds);
  if (values.count("exec")) {
    // As a shell would split it, quotes included; no shell runs.
    worker.command = po::split_unix(values["exec"].as<std::string>());
    if (worker.command.empty()) throw Error(ErrorCode::usage, "--exec names no program.");
  }
  SessionOptions session = device_options(values);
  session.worker = std::move(worker);
  return session;
}

void add_model_options(po::options_description& options, const std::string& default_effort) {
  add_session_options(options);
  options.add_options()("effort", po::value<std::string>()->default_value(default_effort),
                        "quick (a minute, no claim), standard (minutes) or full (half an hour)");
}

ModelOptions model_options(const po::variables_map& values) {
  ModelOptions options;
  const std::string effort = values["effort"].as<std::string>();
  if (const auto parsed = parse_effort(effort)) {
    options.effort = *parsed;
  } else {
    throw Error(ErrorCode::usage,
                fmt::format("unknown effort '{}'. Known: quick, standard, full.", effort));
  }
  options.session = session_options(values);
  return options;
}

void print_warnings(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) fmt::print(stderr, "warning: {}\n", warning);
}

}  // namespace autotune::cli
