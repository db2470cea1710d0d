// How an application picks up what `autotune tune` found: look the profile up, apply it, run.
//
// The look-up comes before LibTorch is touched and measures nothing. Without a profile the model
// runs as it was loaded, and the advice says which command would find a better configuration.
#include <ATen/core/ivalue.h>
#include <torch/cuda.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "autotune/autotune.hpp"
#include "autotune/torch/example_inputs.hpp"
#include "autotune/torch/tuned_model.hpp"

using namespace autotune;

namespace {

constexpr const char* usage = "usage: startup MODEL [--inputs FILE] [--seconds S] [--compare]";

struct Options {
  std::string model;
  std::optional<std::string> inputs;
  double seconds = 0;    // how long to run; 0: one batch
  bool compare = false;  // with what ran before the tune
};

double seconds_in(const std::string& word) {
  char* end = nullptr;
  const double seconds = std::strtod(word.c_str(), &end);
  if (word.empty() || *end != '\0' || !(seconds >= 0 && seconds <= 1e6)) {
    throw Error(ErrorCode::usage, "--seconds is from 0 to 1000000, not '" + word + "'.");
  }
  return seconds;
}

Options parse(const std::vector<std::string>& words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool has_value = i + 1 < words.size();
    if (words[i] == "--help") {
      std::puts(usage);
      std::exit(0);
    } else if (words[i] == "--compare") {
      options.compare = true;
    } else if (words[i] == "--inputs" && has_value) {
      options.inputs = words[++i];
    } else if (words[i] == "--seconds" && has_value) {
      options.seconds = seconds_in(words[++i]);
    } else if (options.model.empty() && words[i].rfind("--", 0) != 0) {
      options.model = words[i];
    } else {
      throw Error(ErrorCode::usage, "'" + words[i] + "' is not known. " + usage);
    }
  }
  if (options.model.empty()) throw Error(ErrorCode::usage, usage);
  return options;
}

struct Looked {
  LookUp answer;
  double microseconds = 0;
};

void print(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) std::fprintf(stderr, "%s\n", warning.c_str());
}

// GPUs first. Files of the driver tell them: neither NVML nor a CUDA context is needed.
Looked look(const std::string& model) {
  SteadyClock clock;
  std::vector<std::string> warnings;
  const Timestamp start = clock.now();
  LookUp answer = look_up(model_fingerprint(model), "auto", {}, warnings);
  const double microseconds = 1e6 * in_seconds(clock.now() - start);
  print(warnings);
  return {std::move(answer), microseconds};
}

void run(TunedModel& model, const std::vector<c10::IValue>& arguments) {
  (void)model.forward(arguments);
  if (torch::cuda::is_available()) torch::cuda::synchronize();
}

// Iterations of the tuned batch, taking the rows cyclically as the tune did.
void run_for(TunedModel& model, const ExampleInputs& inputs, double seconds, double units_per_row) {
  SteadyClock clock;
  const int batch = model.config().batch;
  std::vector<double> milliseconds;
  const Timestamp begin = clock.now();
  for (std::int64_t row = 0; in_seconds(clock.now() - begin) < seconds; row += batch) {
    const Timestamp start = clock.now();
    run(model, inputs.batch(row, batch));
    milliseconds.push_back(1e3 * in_seconds(clock.now() - start));
  }
  const double rows = static_cast<double>(milliseconds.size()) * batch;
  std::printf("units per second: %.6g\n", units_per_row * rows / in_seconds(clock.now() - begin));
  std::printf("p50: %.6g ms\n", quantile(milliseconds, 0.5));
}

// Joules of one pass over all rows. The meter is read after each: good for counters and for watts.
double joules_per_pass(TunedModel& model, const std::vector<c10::IValue>& rows, EnergyMeter& meter,
                       double seconds) {
  SteadyClock clock;
  std::vector<Reading> readings;
  const auto read = [&] {
    if (const auto reading = meter.read()) readings.push_back(*reading);
  };
  int passes = 0;
  read();
  const Timestamp start = clock.now();
  while (passes == 0 || in_seconds(clock.now() - start) < seconds) {
    run(model, rows);
    ++passes;
    read();
  }
  const auto joules = joules_between(readings, meter.info().kind, start, readings.back().time);
  if (!joules) throw Error(ErrorCode::meter, "the meter gave no energy: try more --seconds");
  return *joules / passes;
}

// All rows as before the tune and as tuned, in turn, in this process with its threads and heap.
void compare(TunedModel& tuned, const Options& options, const LookUp& looked,
             const ExampleInputs& inputs) {
  constexpr int rounds = 4;
  const double seconds = (options.seconds > 0 ? options.seconds : 10) / (2 * rounds);
  Config before;  // FP32 at batch 1, unless the tune was given another incumbent
  for (const Baseline& baseline : looked.found.profile->baselines) {
    if (baseline.name == "incumbent") before = baseline.trial.config;
  }
  before.arm.execution = tuned.config().arm.execution;
  std::vector<std::string> warnings;
  const auto meters = open_meters({.device_is_gpu = looked.device.kind == DeviceKind::cuda,
                                   .pci_address = looked.device.pci_address},
                                  warnings);
  TunedModel incumbent = TunedModel::load(options.model, before, looked.device.id);
  const std::vector<c10::IValue> rows = inputs.batch(0, inputs.rows());
  run(incumbent, rows);
  run(tuned, rows);
  std::vector<double> joules_before;
  std::vector<double> joules_tuned;
  for (int round = 0; round < rounds; ++round) {
    joules_before.push_back(joules_per_pass(incumbent, rows, *meters.front(), seconds));
    joules_tuned.push_back(joules_per_pass(tuned, rows, *meters.front(), seconds));
  }
  std::printf("incumbent: %s\n", to_string(before).c_str());
  std::printf("saving: %.1f %% (energy: %s)\n",
              100 * (1 - paired_ratio(joules_tuned, joules_before).value),
              std::string(to_string(meters.front()->info().source)).c_str());
}

void start_up(const Options& options) {
  const Looked looked = look(options.model);
  const Found& found = looked.answer.found;
  // Without a profile the model runs as it was loaded.
  std::printf("config: %s\n", to_string(found.config.value_or(Config{})).c_str());
  std::printf("look-up: %.0f us\n", looked.microseconds);
  if (!found.advice.empty()) std::printf("advice: %s\n", found.advice.c_str());
  const Profile* profile = found.profile ? &*found.profile : nullptr;
  if (!options.inputs && profile == nullptr) return;

  const ExampleInputs inputs = options.inputs
                                   ? ExampleInputs::read(*options.inputs)
                                   : ExampleInputs::from_signature(profile->workload.inputs);
  std::vector<std::string> warnings;
  TunedModel model = TunedModel::apply(options.model, looked.answer, warnings);
  print(warnings);
  run(model, inputs.batch(0, model.config().batch));
  if (options.compare && profile != nullptr) {
    compare(model, options, looked.answer, inputs);
  } else if (options.seconds > 0) {
    run_for(model, inputs, options.seconds, profile != nullptr ? profile->units_per_row : 1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    start_up(parse({argv + 1, argv + argc}));
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return exit_status(error.code());
  }
}
