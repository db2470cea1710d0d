#include "torch/torch_workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <numeric>

#include "autotune/clock.hpp"
#include "autotune/error.hpp"
#include "autotune/torch/workload.hpp"
#include "torch/arms/fuser.hpp"
#include "torch/device_runtime.hpp"
#include "torch/failure.hpp"
#include "torch/process_settings.hpp"

namespace autotune {
namespace {

constexpr int most_accuracy_rows = 128;
constexpr int default_accuracy_batch = 16;
constexpr std::uint64_t most_reference_bytes = 512ULL * 1024 * 1024;

/// Rows [first, first + count) of an arm's inputs through the arm, results on the host.
std::vector<at::Tensor> outputs_of(LoadedArm& model, const Inputs& inputs, std::int64_t first,
                                   int count) {
  return host_outputs(model.forward(in_form(model, inputs.batch(first, count))));
}

std::uint64_t less(std::uint64_t all, std::uint64_t part) { return all > part ? all - part : 0; }

}  // namespace

TorchWorkload::TorchWorkload(WorkloadOptions options, Target target)
    : options_(std::move(options)),
      target_(std::move(target)),
      shelf_(options_.resident_bytes.value_or(0)) {}

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
  description.min_batch = model.probe.min_batch;
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
  description.conditions["pipeline"] = std::to_string(options_.pipeline);
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
  ModelProbe probe =
      source->probe(inputs, options_.seed, {options_.first_batch, options_.last_batch});
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
    put_away();
    if (request.check_accuracy) refer(request.accuracy_batch);
    const bool ready = active_ && compares_with_itself(request.arm);
    if (!ready) {
      put_away();
      active_.emplace(activate(request.arm));
    }
    const LoadedArm& model = *active_->arm.model;
    prepared.set_up = {active_->arm.load_seconds, loaded().source->export_seconds(request.arm),
                       model.routes()};
    if (request.check_accuracy) {
      prepared.accuracy = ready ? Accuracy{.rows = reference_->rows()} : judge();
      prepared.accuracy.coverage = model.coverage();
      prepared.accuracy.uncovered = model.uncovered();
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
    if (failure.status == TrialStatus::out_of_memory && make_room()) return prepare(request);
    prepared.status = failure.status;
    prepared.reason = failure.reason;
  }
  return prepared;
}

TorchWorkload::Active TorchWorkload::activate(const Arm& arm) {
  std::optional<ReadyArm> ready = shelf_.take(arm);
  if (!ready) ready = load(arm);
  Active active{.arm = std::move(*ready)};
  if (!options_.copy_inputs) {
    active.inputs = loaded_->inputs.changed(
        [&](const at::Tensor& tensor) { return active.arm.model->input(tensor); });
  }
  return active;
}

ReadyArm TorchWorkload::load(const Arm& arm) {
  const Loaded& from = loaded();
  const int most_rows = from.probe.max_batch > 0 ? from.probe.max_batch : from.inputs.rows();
  const int least_rows = from.probe.min_batch;
  const int rows =
      least_rows > 1 || !fuses(target_.device) ? least_rows : from.inputs.trial_rows(most_rows);
  const std::uint64_t used = used_memory_bytes(target_.device);
  const std::uint64_t past_allocator = memory_past_allocator_bytes(target_.device);
  SteadyClock clock;
  const Timestamp start = clock.now();
  auto model = from.source->load(arm, from.inputs.batch(0, rows), !from.probe.keeps_state);
  ReadyArm ready{.arm = arm, .model = std::move(model)};
  ready.load_seconds = in_seconds(clock.now() - start);
  release_memory(target_.device);
  ready.bytes_past_allocator = less(memory_past_allocator_bytes(target_.device), past_allocator);
  ready.bytes = less(used_memory_bytes(target_.device), used) + ready.bytes_past_allocator;
  return ready;
}

/// The arm makes way for another one, and stays loaded where it may.
void TorchWorkload::put_away() {
  const bool may_stay =
      active_ && !loaded().probe.keeps_state && loaded().source->arms_are_independent();
  if (may_stay) shelf_.put(std::move(active_->arm));
  active_.reset();
  release_memory(target_.device);
}

/// False if nothing was held back that could go.
bool TorchWorkload::make_room() {
  if (shelf_.empty()) return false;
  shelf_.clear();
  release_memory(target_.device);
  return true;
}

/// Chunks of `own_batch` rows if the comparison is to be made at that size, the last ones from the
/// first rows on again; else of a size that the model takes.
TorchWorkload::Chunking TorchWorkload::chunking(int own_batch) {
  const ModelProbe& probe = loaded().probe;
  const auto limit = [](int batch) { return batch > 0 ? batch : std::numeric_limits<int>::max(); };
  const int most = std::min(limit(probe.max_batch), limit(options_.last_batch));
  const int wanted = own_batch > 0 ? own_batch : default_accuracy_batch;
  return {.batch = std::clamp(wanted, std::min(probe.min_batch, most), most),
          .whole = own_batch > 0 || probe.min_batch > 1};
}

// True FP32, by the same chunks as the arm that is compared: a model's state and its random
// numbers then meet the same calls. Stays active: the device holds one model at a time, and the
// next arm may be this one.
void TorchWorkload::refer(int own_batch) {
  const Chunking chunking = this->chunking(own_batch);
  if (reference_ && reference_->chunking == chunking) return;
  active_.emplace(activate(loaded().source->reference()));
  const Entered scopes = active_->arm.model->enter();
  seed_generators(options_.seed);
  Reference reference{.chunking = chunking};
  const int rows = std::min(loaded().inputs.rows(), most_accuracy_rows);
  for (int row = 0; row < rows && reference.bytes() < most_reference_bytes; row += chunking.batch) {
    const int count = chunking.whole ? chunking.batch : std::min(chunking.batch, rows - row);
    reference.chunks.push_back(
        {count, outputs_of(*active_->arm.model, loaded().inputs, row, count)});
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
  LoadedArm& model = *active_->arm.model;
  const Entered scopes = model.enter();
  seed_generators(options_.seed);
  AccuracyPass pass;
  std::int64_t row = 0;
  for (const Chunk& chunk : reference_->chunks) {
    pass.add(chunk.outputs, outputs_of(model, loaded().inputs, row, chunk.rows), chunk.rows);
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
