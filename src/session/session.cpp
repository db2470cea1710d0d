#include "autotune/session.hpp"

#include <fmt/format.h>

#include "autotune/error.hpp"
#include "session/device_lock.hpp"

namespace autotune {
namespace {

namespace fs = std::filesystem;

void check_files(const WorkloadOptions& options) {
  static_cast<void>(model_fingerprint(options.model));
  if (options.inputs && !fs::is_regular_file(*options.inputs)) {
    throw Error(ErrorCode::inputs, fmt::format("the inputs file {} does not exist or is no file. "
                                               "Make one with torch.save(inputs, path).",
                                               options.inputs->string()));
  }
}

WorkerOptions on_device(WorkerOptions worker, const Device& device) {
  worker.workload.device = device.id;
  return worker;
}

}  // namespace

// The worker goes first and the lock last, in the reverse order of the members.
struct Session::Parts {
  explicit Parts(const SessionOptions& options)
      : device(options.device),
        lock(lock_device(options.device)),
        meters(open_meters(options.meter, warnings)),
        watch(open_watch(options.meter)),
        worker(start_worker(on_device(options.worker, options.device))) {}

  Device device;
  FileLock lock;
  std::vector<std::string> warnings;
  std::vector<std::unique_ptr<EnergyMeter>> meters;
  std::unique_ptr<Watch> watch;
  std::unique_ptr<Workload> worker;
};

Session::Session(const SessionOptions& options) {
  check_files(options.worker.workload);
  parts_ = std::make_unique<Parts>(options);
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

TuneResult Session::tune(TuneOptions options) {
  options.device = parts_->device;
  options.watch = parts_->watch.get();
  SteadyClock clock;
  TuneResult result = autotune::tune(*parts_->worker, parts_->meters, clock, options);
  result.warnings.insert(result.warnings.begin(), parts_->warnings.begin(), parts_->warnings.end());
  return result;
}

int default_max_batch(const Device& device) noexcept {
  return device.kind == DeviceKind::cuda ? 1024 : 128;
}

}  // namespace autotune
