#include "session/meter_test.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autotune/error.hpp"
#include "energy/meters.hpp"

namespace autotune {
namespace {

constexpr int usual_batch = 32;
constexpr double warm_up_seconds = 0.5;
constexpr double slice_seconds = 0.005;  // So long a stop may take, and the iteration that runs.
constexpr double short_iteration_seconds = slice_seconds / 2;

std::optional<double> limit_of(const Device& device) {
  const auto found = device.key.identity.find("power_limit_w");
  if (found == device.key.identity.end()) return std::nullopt;
  return std::stod(found->second);
}

/// Instant power beside a counter of the same GPU.
std::unique_ptr<EnergyMeter> power_beside(const EnergyMeter& meter, const MeterOptions& options) {
  if (meter.info().source != EnergySource::nvml_counter) return nullptr;
  return open_nvml_power(options);
}

int batch_for(const Description& description, int wanted) {
  if (wanted > 0) return wanted;
  return description.max_batch > 0 ? std::min(usual_batch, description.max_batch) : usual_batch;
}

/// The last one is warm.
double last_iteration_seconds(const RunResult& run) {
  const auto& ends = run.completions;
  return in_seconds(ends.back() - (ends.size() > 1 ? ends[ends.size() - 2] : run.start));
}

}  // namespace

ModelLoad::ModelLoad(Workload& workload, int batch) : workload_(workload) {
  const Description description = workload_.describe();
  const int most = batch_for(description, batch);
  std::string reasons;
  const bool runs = std::ranges::any_of(description.arms, [&](const Arm& arm) {
    const auto failure = warm_up(arm, most);
    if (failure) reasons += fmt::format("\n {}: {}", to_string(arm), *failure);
    return !failure;
  });
  if (!runs) {
    throw Error(ErrorCode::model,
                fmt::format("the meter cannot be tested under load, since no arm of the model runs:"
                            "{}\nautotune measure MODEL --config batch=1 shows more.",
                            reasons));
  }
  thread_ = std::thread([this] { run(); });
}

// Iterations that are short against a slice let the load be switched in step with a counter.
std::optional<std::string> ModelLoad::warm_up(const Arm& arm, int most_batch) {
  bool ready = false;
  RunResult result;
  for (batch_ = most_batch; batch_ >= 1; batch_ /= 2) {
    if (!ready) {
      const Prepared prepared = workload_.prepare({arm, 0, false});
      if (prepared.status != TrialStatus::ok) return prepared.reason;
    }
    result = workload_.run(
        {.batch = batch_, .seconds = warm_up_seconds, .min_iterations = 2, .fresh_memory = true});
    ready = result.status == TrialStatus::ok;
    if (!ready) continue;
    iteration_seconds_ = last_iteration_seconds(result);
    if (batch_ == 1 || iteration_seconds_ <= short_iteration_seconds) return std::nullopt;
  }
  return result.reason;
}

ModelLoad::~ModelLoad() {
  change([this] { ending_ = true; });
  thread_.join();
}

Load ModelLoad::load() {
  return {[this] { change([this] { on_ = true; }); }, [this] { change([this] { on_ = false; }); },
          slice_seconds + iteration_seconds_};
}

template <typename Change>
void ModelLoad::change(const Change& apply) {
  const std::lock_guard lock(mutex_);
  apply();
  changed_.notify_all();
}

void ModelLoad::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return on_ || ending_; });
    if (ending_) return;
    lock.unlock();
    const RunResult result = workload_.run({.batch = batch_, .seconds = slice_seconds});
    lock.lock();
    if (result.status == TrialStatus::ok) continue;
    status_ = result.status;
    on_ = false;
  }
}

MeterFacts test_meter(EnergyMeter& meter, const MeterOptions& options, const Device& device,
                      const Load& load, double seconds) {
  const auto power = power_beside(meter, options);
  SteadyClock clock;
  return self_test(meter, load, clock,
                   {.seconds = seconds, .power = power.get(), .limit_watts = limit_of(device)});
}

}  // namespace autotune
