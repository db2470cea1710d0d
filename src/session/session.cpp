#include "autotune/session.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "autotune/error.hpp"
#include "session/device_lock.hpp"
#include "session/earlier_trials.hpp"
#include "session/meter_facts_store.hpp"
#include "session/meter_test.hpp"
#include "session/metered_gpu.hpp"

namespace autotune {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds rest_between_tests{3};

/// Share of the memory that a worker on the CPU may fill before its allocations fail: the rest is
/// for the tuner and whatever else runs.
constexpr double memory_share = 0.9;

/// Share of the device's memory for arms that wait: the rest is for the one that runs.
constexpr double resident_share = 0.25;

void check_files(const WorkerOptions& worker) {
  const WorkloadOptions& options = worker.workload;
  if (worker.command.empty()) static_cast<void>(model_fingerprint(options.model));
  if (options.inputs && !fs::is_regular_file(*options.inputs)) {
    throw Error(ErrorCode::inputs, fmt::format("the inputs file {} does not exist or is no file. "
                                               "Make one with torch.save(inputs, path).",
                                               options.inputs->string()));
  }
}

WorkerOptions on_device(WorkerOptions worker, const Device& device) {
  worker.workload.device = device.id;
  if (!worker.workload.resident_bytes) {
    worker.workload.resident_bytes =
        static_cast<std::uint64_t>(resident_share * static_cast<double>(device.memory_bytes));
  }
  // A CUDA context maps far more than it uses.
  if (device.kind == DeviceKind::cpu && worker.memory_limit_bytes == 0) {
    worker.memory_limit_bytes =
        static_cast<std::uint64_t>(memory_share * static_cast<double>(device.memory_bytes));
  }
  return worker;
}

}  // namespace

// The worker goes first and the lock last, in the reverse order of the members.
struct Session::Parts {
  Parts(const Device& the_device, const MeterOptions& meter_options)
      : device(the_device),
        meter(meter_options),
        lock(lock_device(device)),
        meters(open_meters(meter, warnings)),
        watch(open_watch(meter)) {}

  void run(std::unique_ptr<Workload> workload) {
    worker = on_metered_gpu(std::move(workload), metered_pci_address(device, meter));
  }
  [[nodiscard]] bool needs_trust() const;
  [[nodiscard]] MeterFacts test(double seconds);

  Device device;
  MeterOptions meter;
  FileLock lock;
  std::vector<std::string> warnings;
  std::vector<std::unique_ptr<EnergyMeter>> meters;
  std::unique_ptr<Watch> watch;
  std::unique_ptr<Workload> worker;
  std::optional<MeterFacts> facts;  ///< Of the ranking meter, once it is trusted.
};

/// A constant needs no test, and what a library or folder of a test gives is never claimable, but
/// its ticks count all the same.
bool Session::Parts::needs_trust() const {
  const EnergySource source = meters.front()->info().source;
  return !facts && source != EnergySource::modelled && source != EnergySource::none;
}

MeterFacts Session::Parts::test(double seconds) {
  ModelLoad model(*worker, 0);
  return test_meter(*meters.front(), meter, device, model.load(), seconds);
}

Session::Session(const SessionOptions& options) {
  check_files(options.worker);
  parts_ = std::make_unique<Parts>(options.device, options.meter);
  parts_->run(start_worker(on_device(options.worker, options.device)));
}

Session::Session(std::unique_ptr<Workload> workload, const Device& device,
                 const MeterOptions& meter)
    : parts_(std::make_unique<Parts>(device, meter)) {
  parts_->run(std::move(workload));
}

Session::Session(Session&&) noexcept = default;
Session::~Session() = default;

Workload& Session::workload() noexcept { return *parts_->worker; }

const Device& Session::device() const noexcept { return parts_->device; }

const std::vector<std::unique_ptr<EnergyMeter>>& Session::meters() const noexcept {
  return parts_->meters;
}

Watch& Session::watch() noexcept { return *parts_->watch; }

const std::vector<std::string>& Session::warnings() const noexcept { return parts_->warnings; }

std::vector<MeterFacts> Session::test_meters(double seconds) {
  std::vector<MeterFacts> facts;
  ModelLoad model(workload(), 0);
  SteadyClock clock;
  for (const auto& meter : meters()) {
    if (meter->info().source == EnergySource::modelled) continue;
    if (!facts.empty()) clock.sleep_for(rest_between_tests);
    facts.push_back(test_meter(*meter, parts_->meter, parts_->device, model.load(), seconds));
  }
  return facts;
}

void Session::trust_meters(Effort effort) {
  while (parts_->needs_trust()) {
    const MeterInfo& info = meters().front()->info();
    const auto known = load_meter_facts(parts_->device);
    const bool fits = known && known->source == info.source && known->scope == info.scope;
    MeterFacts facts = fits ? *known : parts_->test(effort == Effort::quick ? 3 : 15);
    if (facts.failures.empty()) {
      if (!fits) save_meter_facts(parts_->device, facts);
      parts_->facts = std::move(facts);
      return;
    }
    parts_->warnings.push_back(fmt::format("{} is not used, since its self-test failed: {}.",
                                           to_string(info.source),
                                           fmt::join(facts.failures, "; ")));
    parts_->meter.distrusted.push_back(info.source);
    parts_->meters = open_meters(parts_->meter, parts_->warnings);
  }
}

MeasureOptions Session::measure_options(Effort effort) const {
  return MeasureOptions::for_effort(effort, parts_->facts);
}

TuneResult Session::tune(TuneOptions options) {
  if (!options.started) options.started = SteadyClock().now();
  trust_meters(affordable(options.effort, options.budget.seconds_for(options.effort)));
  options.meter_facts = parts_->facts;
  options.device = parts_->device;
  options.watch = parts_->watch.get();
  if (!options.earlier_trials) {
    options.earlier_trials = [&](const WorkloadId& workload) {
      return earlier_trials(ProfileStore::from_environment(), workload, parts_->device.key,
                            parts_->warnings);
    };
  }
  SteadyClock clock;
  TuneResult result = autotune::tune(*parts_->worker, parts_->meters, clock, options);
  result.warnings.insert(result.warnings.begin(), parts_->warnings.begin(), parts_->warnings.end());
  return result;
}

int default_max_batch(const Device& device) noexcept {
  return device.kind == DeviceKind::cuda ? 1024 : 128;
}

}  // namespace autotune
