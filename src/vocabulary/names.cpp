#include "autotune/device.hpp"
#include "autotune/profile.hpp"
#include "autotune/searcher.hpp"
#include "autotune/trial.hpp"
#include "autotune/tuner.hpp"
#include "vocabulary/enum_names.hpp"

namespace autotune {
namespace {

constexpr std::array<NamedValue<TrialStatus>, 7> trial_statuses{{
    {TrialStatus::ok, "ok"},
    {TrialStatus::out_of_memory, "out_of_memory"},
    {TrialStatus::inaccurate, "inaccurate"},
    {TrialStatus::too_slow, "too_slow"},
    {TrialStatus::crashed, "crashed"},
    {TrialStatus::timed_out, "timed_out"},
    {TrialStatus::unsupported, "unsupported"},
}};

constexpr std::array<NamedValue<EnergySource>, 6> energy_sources{{
    {EnergySource::nvml_counter, "nvml_counter"},
    {EnergySource::nvml_power_instant, "nvml_power_instant"},
    {EnergySource::nvml_power_average, "nvml_power_average"},
    {EnergySource::rapl, "rapl"},
    {EnergySource::modelled, "modelled"},
    {EnergySource::none, "none"},
}};

constexpr std::array<NamedValue<EnergyScope>, 5> energy_scopes{{
    {EnergyScope::gpu, "gpu"},
    {EnergyScope::module, "module"},
    {EnergyScope::whole_gpu, "whole_gpu"},
    {EnergyScope::cpu_package, "cpu_package"},
    {EnergyScope::dram, "dram"},
}};

constexpr std::array<NamedValue<StepKind>, 3> step_kinds{{
    {StepKind::fit, "fit"},
    {StepKind::probe, "probe"},
    {StepKind::window, "window"},
}};

constexpr std::array<NamedValue<Effort>, 3> efforts{{
    {Effort::quick, "quick"},
    {Effort::standard, "standard"},
    {Effort::full, "full"},
}};

constexpr std::array<NamedValue<DeviceKind>, 2> device_kinds{{
    {DeviceKind::cpu, "cpu"},
    {DeviceKind::cuda, "cuda"},
}};

constexpr std::array<NamedValue<Match>, 3> matches{{
    {Match::exact, "exact"},
    {Match::same_model, "same_model"},
    {Match::none, "none"},
}};

}  // namespace

std::string_view to_string(TrialStatus status) noexcept { return name_of(trial_statuses, status); }
std::optional<TrialStatus> parse_trial_status(std::string_view text) noexcept {
  return value_of(trial_statuses, text);
}

std::string_view to_string(EnergySource source) noexcept { return name_of(energy_sources, source); }
std::optional<EnergySource> parse_energy_source(std::string_view text) noexcept {
  return value_of(energy_sources, text);
}

std::string_view to_string(EnergyScope scope) noexcept { return name_of(energy_scopes, scope); }
std::optional<EnergyScope> parse_energy_scope(std::string_view text) noexcept {
  return value_of(energy_scopes, text);
}

std::string_view to_string(Effort effort) noexcept { return name_of(efforts, effort); }
std::optional<Effort> parse_effort(std::string_view text) noexcept {
  return value_of(efforts, text);
}

std::string_view to_string(StepKind kind) noexcept { return name_of(step_kinds, kind); }
std::string_view to_string(DeviceKind kind) noexcept { return name_of(device_kinds, kind); }
std::string_view to_string(Match match) noexcept { return name_of(matches, match); }

}  // namespace autotune
