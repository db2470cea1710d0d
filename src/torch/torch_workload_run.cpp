// How a workload runs the iterations of one configuration.
#include <algorithm>

#include "autotune/clock.hpp"
#include "autotune/error.hpp"
#include "platform/host_load.hpp"
#include "torch/device_runtime.hpp"
#include "torch/pipeline.hpp"
#include "torch/torch_workload.hpp"

namespace autotune {
namespace {

std::uint64_t less(std::uint64_t all, std::uint64_t part) { return all > part ? all - part : 0; }

/// Of one batch at a time: an event for each would cost some microseconds of a short iteration.
std::function<Pipeline::Wait()> wait_for_all_of(c10::Device device) {
  return [device] { return [device] { synchronize(device); }; };
}

}  // namespace

RunResult TorchWorkload::run(const RunRequest& request) {
  if (!active_) return {.status = TrialStatus::crashed, .reason = "no arm is prepared"};
  try {
    lay_out(request);
    return measured(request);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    if (classify(error).status == TrialStatus::out_of_memory && make_room()) return run(request);
    const Failure failure = drop_arm(error);
    return {.status = failure.status, .reason = failure.reason};
  }
}

RunResult TorchWorkload::measured(const RunRequest& request) {
  if (request.fresh_memory) freshen_memory(target_.device);
  RunResult result;
  const std::uint64_t held = held_memory_bytes(target_.device);
  const auto waited = run_queue_wait();
  const std::uint64_t faults = minor_page_faults();
  iterate(request, result);
  if (target_.device.is_cpu()) result.page_faults = minor_page_faults() - faults;
  if (const auto waited_now = run_queue_wait(); waited && waited_now) {
    // A thread that ended meanwhile takes its waiting with it.
    result.waited_seconds = std::max(0.0, in_seconds(*waited_now - *waited));
  }
  result.memory_growth_bytes = less(held_memory_bytes(target_.device), held);
  result.peak_memory_bytes =
      less(peak_memory_bytes(target_.device) + active_->arm.bytes_past_allocator,
           bytes_beside_a_deployment());
  return result;
}

/// Device memory that the tuner holds and a deployment would not: arms that wait, outputs to
/// compare with, and all rows of the inputs but those of one batch.
std::uint64_t TorchWorkload::bytes_beside_a_deployment() const {
  const bool on_host = target_.device.is_cpu();
  std::uint64_t bytes = shelf_.bytes();
  if (on_host && reference_) bytes += reference_->bytes();
  std::uint64_t rows = 0;
  if (on_host) rows += loaded_->inputs.bytes();
  if (active_->inputs) rows += active_->inputs->bytes_beyond(loaded_->inputs);
  if (on_host || active_->inputs) rows += active_->laid_out->bytes();
  return bytes + less(rows, active_->laid_out->batch_bytes());
}

/// Outside what is timed, once for all runs of a configuration.
void TorchWorkload::lay_out(const RunRequest& request) {
  std::optional<LaidOut>& laid_out = active_->laid_out;
  const std::int64_t row = options_.hot_inputs ? 0 : request.first_row;
  if (laid_out && laid_out->serves(request.batch, row)) return;
  laid_out.reset();
  const Inputs& inputs = active_->inputs ? *active_->inputs : loaded_->inputs;
  laid_out.emplace(inputs, request.batch, row);
}

void TorchWorkload::iterate(const RunRequest& request, RunResult& result) {
  SteadyClock clock;
  const Entered scopes = active_->arm.model->enter();
  Pipeline pipeline(options_.pipeline, options_.pipeline > 1 ? completion_marks(target_.device)
                                                             : wait_for_all_of(target_.device));
  std::int64_t row = options_.hot_inputs ? 0 : request.first_row;
  int begun = 0;
  result.start = clock.now();
  Timestamp now = result.start;
  const auto wants_more = [&] {
    const bool may_more = request.max_iterations <= 0 || begun < request.max_iterations;
    return begun < request.min_iterations ||
           (may_more && in_seconds(now - result.start) < request.seconds);
  };
  const auto complete = [&] {
    pipeline.pop();
    now = clock.now();
    result.completions.push_back(now);
  };
  for (; wants_more(); ++begun) {
    if (options_.pipeline > 1) result.begins.push_back(clock.now());
    (void)active_->arm.model->forward(arguments_at(row));
    pipeline.push();
    result.units.push_back(units_of(row, request.batch));
    if (!options_.hot_inputs) row += request.batch;
    if (pipeline.full()) complete();
  }
  while (!pipeline.empty()) complete();
}

std::vector<c10::IValue> TorchWorkload::arguments_at(std::int64_t row) const {
  std::vector<c10::IValue> arguments = active_->laid_out->at(row);
  if (!options_.copy_inputs) return arguments;
  return in_form(*active_->arm.model, std::move(arguments));
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

}  // namespace autotune
