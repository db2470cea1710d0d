#include <utility>

#include "autotune/watch.hpp"
#include "energy/gpu_watch.hpp"
#include "energy/meters.hpp"
#include "platform/host_load.hpp"

namespace autotune {
namespace {

SurveyedMeter surveyed(const TriedMeter& tried) {
  SurveyedMeter entry{.source = tried.source, .scope = tried.scope, .remedy = tried.remedy};
  entry.usable = tried.meter != nullptr;
  entry.claimable = entry.usable && tried.meter->info().claimable;
  entry.reason = entry.usable ? tried.meter->info().note : tried.problem;
  return entry;
}

SurveyedMeter surveyed_model(const MeterOptions& options) {
  const auto meter = open_modelled(options);
  const MeterInfo& info = meter->info();
  return {info.source, info.scope, true, info.claimable, info.note, ""};
}

GpuWatchSurvey survey_gpu_watch(GpuStateReader& watch) {
  const GpuState state = watch.read();
  return {.throttled = state.throttled.software_thermal_ns.has_value() ||
                       state.throttled.hardware_thermal_ns.has_value(),
          .temperature = state.celsius.has_value(),
          .sm_clock = state.sm_clock_mhz.has_value(),
          .processes = state.foreign_pids.has_value()};
}

}  // namespace

std::vector<SurveyedMeter> survey_meters(const MeterOptions& options) {
  std::vector<SurveyedMeter> entries;
  if (nvml_serves(options)) {
    for (const TriedMeter& tried : try_nvml(options)) entries.push_back(surveyed(tried));
  }
  for (const TriedMeter& tried : try_rapl(powercap_root(), clock_of(options))) {
    entries.push_back(surveyed(tried));
    if (options.device_is_gpu) entries.back().reason += "; of the host, shown beside the GPU's";
  }
  entries.push_back(surveyed_model(options));
  return entries;
}

WatchSurvey survey_watch(const MeterOptions& options) {
  const HostLoad load = host_load();
  WatchSurvey survey{.waited = run_queue_wait().has_value(),
                     .stalled = load.stalled.has_value(),
                     .stolen = load.stolen.has_value()};
  if (!options.device_is_gpu) return survey;
  const auto watch = open_gpu_watch(options, {});
  survey.gpu = watch ? survey_gpu_watch(*watch) : GpuWatchSurvey{};
  return survey;
}

}  // namespace autotune
