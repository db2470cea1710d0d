#include "session/meter_test.hpp"

#include <algorithm>

#include "energy/meters.hpp"

namespace autotune {
namespace {

constexpr int usual_batch = 32;
constexpr double warm_up_seconds = 0.5;
constexpr double slice_seconds = 0.005;  // So long a stop may take.

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

}  // namespace

ModelLoad::ModelLoad(Workload& workload, int batch) : workload_(workload), batch_(batch) {
  const Description description = workload_.describe();
  batch_ = batch_for(description, batch);
  const Prepared prepared = workload_.prepare({description.arms.front(), 0, false});
  status_ = prepared.status;
  if (prepared.status == TrialStatus::ok) {
    status_ =
        workload_.run({.batch = batch_, .seconds = warm_up_seconds, .fresh_memory = true}).status;
  }
  thread_ = std::thread([this] { run(); });
}

ModelLoad::~ModelLoad() {
  change([this] { ending_ = true; });
  thread_.join();
}

Load ModelLoad::load() {
  return {[this] { change([this] { on_ = true; }); }, [this] { change([this] { on_ = false; }); }};
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
