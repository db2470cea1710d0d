#include <fmt/format.h>

#include <cmath>

#include "autotune/error.hpp"
#include "energy/meters.hpp"
#include "platform/cgroup.hpp"
#include "platform/nvml.hpp"

namespace autotune {
namespace {

// Rated power of server CPUs over their threads: EPYC 7763 280 W / 128, EPYC 9654 360 W / 192,
// Xeon 8480+ 350 W / 112, so 2 to 3 W a thread, and twice that with one thread per core.
constexpr double watts_per_core = 5;

// Between the 150 W of inference cards and the 700 W of an H100 SXM, where nothing tells the limit.
constexpr double watts_of_unknown_gpu = 300;

struct Constant {
  double watts;
  std::string origin;
};

Constant constant_of_gpu(const MeterOptions& options) {
  if (const auto opened = nvml::open(); opened.library && !options.pci_address.empty()) {
    const auto device = nvml::device_at(*opened.library, options.pci_address);
    const auto limit = opened.library->power_limit_milliwatts(device.value);
    if (device && limit && limit.value > 0) return {limit.value / 1000.0, "the GPU's power limit"};
  }
  return {watts_of_unknown_gpu, "an assumption, for the GPU's power limit is not known"};
}

Constant constant_for(const MeterOptions& options) {
  if (options.modelled_watts) return {*options.modelled_watts, "as given"};
  if (options.device_is_gpu) return constant_of_gpu(options);
  const int cores = usable_cores();
  return {watts_per_core * cores,
          fmt::format("{} W for each of {} visible cores", watts_per_core, cores)};
}

class ModelledMeter final : public EnergyMeter {
 public:
  ModelledMeter(const Constant& constant, EnergyScope scope, Clock& clock)
      : clock_(clock), watts_(constant.watts) {
    info_.source = EnergySource::modelled;
    info_.scope = scope;
    info_.kind = ReadingKind::watts;
    info_.claimable = false;
    info_.note = fmt::format("constant {:g} W ({}): energy is time in other units", constant.watts,
                             constant.origin);
    info_.poll_period = std::chrono::nanoseconds(0);  // a constant needs no more than its edges
    info_.most_watts = constant.watts;
  }

  [[nodiscard]] const MeterInfo& info() const override { return info_; }
  [[nodiscard]] std::optional<Reading> read() override {
    return timed(clock_, [this] { return std::optional(watts_); });
  }

 private:
  Clock& clock_;
  double watts_;
  MeterInfo info_;
};

}  // namespace

std::unique_ptr<EnergyMeter> open_modelled(const MeterOptions& options) {
  const Constant constant = constant_for(options);
  if (!std::isfinite(constant.watts) || constant.watts <= 0) {
    throw Error(ErrorCode::usage,
                fmt::format("the wattage of the modelled meter is {}; it must be above 0.",
                            constant.watts));
  }
  const auto scope = options.device_is_gpu ? EnergyScope::gpu : EnergyScope::cpu_package;
  return std::make_unique<ModelledMeter>(constant, scope, clock_of(options));
}

}  // namespace autotune
