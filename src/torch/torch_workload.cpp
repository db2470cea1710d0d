#include "torch/torch_workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <numeric>

#include "autotune/clock.hpp"
#include "autotune/error.hpp"
#include "autotune/torch/workload.hpp"
#include "platform/host_load.hpp"
#include "torch/device_runtime.hpp"
#include "torch/failure.hpp"
#include "torch/process_settings.hpp"
#include "torch/tree.hpp"

namespace autotune {
namespace {

constexpr int most_accuracy_rows = 128;
constexpr int default_accuracy_batch = 16;
constexpr std::uint64_t most_reference_bytes = 512ULL * 1024 * 1024;

/// Rows [first, first + count) of an arm's inputs through the arm, results on the host.
std::vector<at::Tensor> outputs_of(LoadedArm& model, const Inputs& inputs, std::int64_t first,
                                   int count) {
  return host_outputs(model.forward(inputs.batch(first, count)));
}

}  // namespace

TorchWorkload::TorchWorkload(WorkloadOptions options, Target target)
    : options_(std::move(options)), target_(std::move(target)) {}

TorchWorkload::TorchWorkload(std::unique_ptr<ModelSource> source, Inputs inputs,
                             WorkloadOptions options, Target target)
    : TorchWorkload(std::move(options), std::move(target)) {
  load(std::move(source), std::move(inputs));
}

Description TorchWorkload::describe() {
  const Loaded& model = loaded();
  Description description;
  description.id = {.name = options_.name.empty() ? default_name(options_.model) : options_.name,
                    .unit = !options_.unit.empty()   ? options_.unit
                            : mask_of(*model.source) ? "token"
                                                     : "item",
                    .inputs = model.inputs.signature(),
                    .fingerprint = model.source->fingerprint()};
  description.rows = model.inputs.rows();
  description.units_per_row =
      std::accumulate(model.units.begin(), model.units.end(), 0.0) / model.inputs.rows();
  description.max_batch = model.probe.max_batch;
  model.source->add_arms(description);
  // The only state of a CPU's allocator that does not depend on what ran before.
  for (Arm& arm : description.arms) arm.execution.retained_heap = target_.device.is_cpu();
  description.warnings = model.probe.warnings;
  if (!options_.input_specs.empty()) {
    description.warnings.push_back(
        "the inputs are made up: their values can move power by tens of percent. Give real ones "
        "with --inputs.");
  }
  description.conditions = runtime_conditions(target_.device);
  description.conditions["input_rows"] = options_.hot_inputs ? "hot" : "rotating";
  description.conditions["input_copies"] = options_.copy_inputs ? "inside" : "outside";
  description.pci_address = pci_address(target_.device);
  return description;
}

const TorchWorkload::Loaded& TorchWorkload::loaded() {
  if (!loaded_) {
    std::unique_ptr<ModelSource> source = open_model(options_.model, target_);
    Inputs inputs = read_inputs(*source);
    load(std::move(source), std::move(inputs));
  }
  return *loaded_;
}

void TorchWorkload::load(std::unique_ptr<ModelSource> source, Inputs inputs) {
  std::vector<double> units = inputs.units(mask_of(*source), options_.units_per_item);
  ModelProbe probe = source->probe(inputs, options_.seed);
  loaded_.emplace(Loaded{std::move(source), std::move(inputs), std::move(units), std::move(probe)});
  release_memory(target_.device);
}

/// The argument whose sum counts units, as the user or the model's maker named it.
std::optional<std::string> TorchWorkload::mask_of(const ModelSource& source) const {
  return options_.units_from_mask || options_.inputs || !options_.input_specs.empty()
             ? options_.units_from_mask
             : source.units_from_mask();
}

Inputs TorchWorkload::read_inputs(const ModelSource& source) const {
  const auto own = options_.input_specs.empty() ? source.inputs() : std::nullopt;
  if (const auto& file = options_.inputs ? options_.inputs : own) {
    return Inputs::from_values(arguments_of(read_saved_value(*file), source.schema()),
                               options_.batch_dims);
  }
  if (options_.input_specs.empty()) {
    throw Error(ErrorCode::usage,
                "the model needs example inputs: a file of torch.save with "
                "--inputs FILE, or one --input SPEC per argument, e.g. "
                "--input int64[batch,128]:0..30521");
  }
  Arguments arguments =
      make_arguments(options_.input_specs, rows_for(options_.input_specs), options_.seed);
  arguments.values = arguments_of(c10::ivalue::Tuple::create(arguments.values), source.schema());
  return Inputs(std::move(arguments));
}

Prepared TorchWorkload::prepare(const PrepareRequest& request) {
  Prepared prepared;
  try {
    apply_to_process(request.arm.execution);
    active_.reset();
    release_memory(target_.device);
    if (request.check_accuracy) {
      refer(accuracy_batch(request));
    }
    const bool ready = active_ && compares_with_itself(request.arm);
    if (!ready) {
      active_.reset();
      active_.emplace(activate(request.arm));
    }
    prepared.set_up = {active_->load_seconds, loaded().source->export_seconds(request.arm)};
    if (request.check_accuracy) {
      prepared.accuracy = ready ? Accuracy{.rows = reference_->rows()} : judge();
      prepared.accuracy.coverage = active_->model->coverage();
      prepared.accuracy.uncovered = active_->model->uncovered();
      start_afresh(request.arm);
    }
  } catch (const Error&) {
    throw;
  } catch (const Unreachable& error) {
    active_.reset();
    prepared.status = TrialStatus::unsupported;
    prepared.reason = error.what();
  } catch (const std::exception& error) {
    const Failure failure = drop_arm(error);
    prepared.status = failure.status;
    prepared.reason = failure.reason;
  }
  return prepared;
}

RunResult TorchWorkload::run(const RunRequest& request) {
  RunResult result;
  if (!active_) {
    result.status = TrialStatus::crashed;
    result.reason = "no arm is prepared";
    return result;
  }
  try {
    if (request.fresh_memory) {
      freshen_memory(target_.device);
    }
    const std::uint64_t held = held_memory_bytes(target_.device);
    const auto waited = run_queue_wait();
    const std::uint64_t faults = minor_page_faults();
    iterate(request, result);
    if (target_.device.is_cpu()) result.page_faults = minor_page_faults() - faults;
    if (const auto waited_now = run_queue_wait(); waited && waited_now) {
      // A thread that ended meanwhile takes its waiting with it.
      result.waited_seconds = std::max(0.0, in_seconds(*waited_now - *waited));
    }
    const std::uint64_t held_now = held_memory_bytes(target_.device);
    result.memory_growth_bytes = held_now > held ? held_now - held : 0;
    result.peak_memory_bytes = peak_memory_bytes(target_.device);
    // What a deployment would not hold; on a GPU it is not on the device.
    if (target_.device.is_cpu() && reference_) result.peak_memory_bytes -= reference_->bytes();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    const Failure failure = drop_arm(error);
    result = {.status = failure.status, .reason = failure.reason};
  }
  return result;
}

void TorchWorkload::iterate(const RunRequest& request, RunResult& result) {
  SteadyClock clock;
  const Entered scopes = active_->model->enter();
  std::int64_t row = options_.hot_inputs ? 0 : request.first_row;
  result.start = clock.now();
  Timestamp now = result.start;
  const auto wants_more = [&] {
    const int done = static_cast<int>(result.completions.size());
    const bool may_more = request.max_iterations <= 0 || done < request.max_iterations;
    return done < request.min_iterations ||
           (may_more && in_seconds(now - result.start) < request.seconds);
  };
  while (wants_more()) {
    (void)active_->model->forward(arguments_at(row, request.batch));
    synchronize(target_.device);
    now = clock.now();
    result.completions.push_back(now);
    result.units.push_back(units_of(row, request.batch));
    if (!options_.hot_inputs) row += request.batch;
  }
}

std::vector<c10::IValue> TorchWorkload::arguments_at(std::int64_t row, int batch) const {
  if (!options_.copy_inputs) return active_->inputs.batch(row, batch);
  std::vector<c10::IValue> arguments = loaded_->inputs.batch(row, batch);
  for (c10::IValue& argument : arguments) {
    argument =
        map_tensors(argument, [this](const at::Tensor& t) { return active_->model->input(t); });
  }
  return arguments;
}

double TorchWorkload::units_of(std::int64_t first_row, int batch) const {
  const auto& units = loaded_->units;
  double sum = 0;
  for (int i = 0; i < batch; ++i) {
    sum +=
        units[static_cast<std::size_t>((first_row + i) % static_cast<std::int64_t>(units.size()))];
  }
  return sum;
}

TorchWorkload::Active TorchWorkload::activate(const Arm& arm) {
  const Loaded& from = loaded();
  SteadyClock clock;
  const Timestamp start = clock.now();
  auto model = from.source->load(arm, from.inputs.batch(0, 1), !from.probe.keeps_state);
  const double seconds = in_seconds(clock.now() - start);
  Inputs inputs = from.inputs.changed([&](const at::Tensor& t) { return model->input(t); });
  return {std::move(model), std::move(inputs), seconds};
}

int TorchWorkload::accuracy_batch(const PrepareRequest& request) {
  if (loaded().probe.max_batch == 1) {
    return 1;
  }
  return request.accuracy_batch > 0 ? request.accuracy_batch : default_accuracy_batch;
}

// True FP32, by the same chunks as the arm that is compared: a model's state and its random
// numbers then meet the same calls. Stays active: the device holds one model at a time, and the
// next arm may be this one.
void TorchWorkload::refer(int batch) {
  if (reference_ && reference_->batch == batch) {
    return;
  }
  active_.emplace(activate(loaded().source->reference()));
  const Entered scopes = active_->model->enter();
  seed_generators(options_.seed);
  Reference reference{.batch = batch};
  const int rows = std::min(loaded().inputs.rows(), most_accuracy_rows);
  for (int row = 0; row < rows && reference.bytes() < most_reference_bytes; row += batch) {
    const int count = std::min(batch, rows - row);
    reference.chunks.push_back({count, outputs_of(*active_->model, active_->inputs, row, count)});
  }
  reference_ = std::move(reference);
}

std::uint64_t TorchWorkload::Reference::bytes() const {
  std::uint64_t sum = 0;
  for (const Chunk& chunk : chunks) {
    for (const at::Tensor& tensor : chunk.outputs) sum += tensor.nbytes();
  }
  return sum;
}

int TorchWorkload::Reference::rows() const {
  int sum = 0;
  for (const Chunk& chunk : chunks) {
    sum += chunk.rows;
  }
  return sum;
}

/// Whether comparing the arm with the reference would compare a model with itself.
bool TorchWorkload::compares_with_itself(const Arm& arm) {
  const Arm reference = loaded().source->reference();
  return arm.precision == reference.precision && arm.layout == reference.layout &&
         loaded().probe.repeatable && !loaded().probe.keeps_state;
}

Accuracy TorchWorkload::judge() {
  const Entered scopes = active_->model->enter();
  seed_generators(options_.seed);
  AccuracyPass pass;
  std::int64_t row = 0;
  for (const Chunk& chunk : reference_->chunks) {
    pass.add(chunk.outputs, outputs_of(*active_->model, active_->inputs, row, chunk.rows),
             chunk.rows);
    row += chunk.rows;
  }
  return pass.result();
}

// The accuracy pass has moved the state of a model that keeps one.
void TorchWorkload::start_afresh(const Arm& arm) {
  if (loaded().probe.keeps_state) {
    active_.reset();
    active_.emplace(activate(arm));
  }
}

// A broken CUDA context fails every later call of this process: it ends, and whoever started it
// starts another one.
Failure TorchWorkload::drop_arm(const std::exception& error) {
  const Failure failure = classify(error);
  if (failure.sticky && target_.device.is_cuda()) {
    std::cerr << "the CUDA context is broken: " << failure.reason << std::endl;
    std::_Exit(EXIT_FAILURE);
  }
  active_.reset();
  release_memory(target_.device);
  return failure;
}

std::unique_ptr<Workload> make_torch_workload(const WorkloadOptions& options) {
  return std::make_unique<TorchWorkload>(options, target_of(open_device(options.device)));
}

}  // namespace autotune
