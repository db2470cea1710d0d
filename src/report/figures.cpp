#include "report/figures.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace autotune::report {
namespace {

struct Prefix {
  const char* name;
  double factor;
};

constexpr std::array<Prefix, 4> small_prefixes{{{"", 1}, {"m", 1e-3}, {"µ", 1e-6}, {"n", 1e-9}}};
constexpr std::array<Prefix, 4> large_prefixes{{{"G", 1e9}, {"M", 1e6}, {"k", 1e3}, {"", 1}}};

/// Decimals that leave three significant digits, of which people compare two.
int decimals_of(double value) {
  if (value <= 0 || !std::isfinite(value)) return 2;
  return std::clamp(2 - static_cast<int>(std::floor(std::log10(value))), 0, 3);
}

bool has_joules(const Trial& trial) {
  return trial.measurement && trial.measurement->joules_per_unit;
}

}  // namespace

std::optional<double> cost(const Trial& trial, bool by_energy) {
  if (!trial.measurement) return std::nullopt;
  if (by_energy) return trial.measurement->joules_per_unit;
  const double rate = trial.measurement->units_per_second;
  return rate > 0 ? std::optional(1 / rate) : std::nullopt;
}

CostScale::CostScale(const Trial& best, std::string unit_of_work)
    : unit_of_work_(std::move(unit_of_work)), by_energy_(has_joules(best)) {
  const double value = cost(best, by_energy_).value_or(1);
  for (const Prefix& prefix : small_prefixes) {
    prefix_ = prefix.name;
    factor_ = prefix.factor;
    if (value >= 0.1 * prefix.factor) break;  // 0.66 mJ reads better than 660 µJ.
  }
  decimals_ = decimals_of(value / factor_);
}

std::string CostScale::unit() const {
  return fmt::format("{}{}/{}", prefix_, by_energy_ ? "J" : "s", unit_of_work_);
}

std::string CostScale::format(double base_value) const {
  return fmt::format("{:.{}f}", base_value / factor_, decimals_);
}

std::string CostScale::value(const Trial& trial) const {
  const auto value = cost(trial, by_energy_);
  return value && std::isfinite(*value) ? format(*value) : no_figure;
}

std::string CostScale::interval(const Trial& trial) const {
  if (!by_energy_ || !trial.measurement || !trial.measurement->ci95) return no_figure;
  const Interval& ci95 = *trial.measurement->ci95;
  return fmt::format("{} … {}", format(ci95.low), format(ci95.high));
}

std::string milliseconds(double value) {
  if (!std::isfinite(value)) return no_figure;
  return fmt::format("{:.{}f}", value, value < 1 ? 3 : 1);
}

std::string cosine(const std::optional<Accuracy>& accuracy) {
  if (!accuracy) return no_figure;
  if (!accuracy->finite || !std::isfinite(accuracy->worst_cosine)) return "not finite";
  if (accuracy->worst_cosine >= 1) return "1";
  // Cut, not rounded: 0.999999 is not 1.
  return fmt::format("{:.5f}", std::floor(accuracy->worst_cosine * 1e5) / 1e5);
}

std::string percent(double fraction) { return fmt::format("{:.0f} %", fraction * 100); }

namespace {

std::string with_prefix(double value, const char* blank) {
  for (const Prefix& prefix : large_prefixes) {
    const double scaled = value / prefix.factor;
    if (scaled < 0.9 && prefix.factor > 1) continue;
    const bool whole = prefix.factor == 1 || scaled >= 100;
    return fmt::format("{:.{}f} {}{}", scaled, whole ? 0 : 1, prefix.name,
                       prefix.factor == 1 ? "" : blank);
  }
  return no_figure;
}

}  // namespace

std::string joules(double value) { return with_prefix(value, "") + "J"; }

std::string count(double value, const std::string& what) { return with_prefix(value, " ") + what; }

std::string energy_line(const MeterInfo& meter) {
  const auto source = to_string(meter.source);
  if (meter.source == EnergySource::none) return "none read: ranked by time";
  const std::string note = meter.note.empty() ? "" : "; " + meter.note;
  if (meter.source == EnergySource::modelled) {
    return fmt::format("modelled (figures follow time{})", note);
  }
  return fmt::format("{} (scope {}{}{})", source, to_string(meter.scope),
                     meter.claimable ? "" : ", not claimable", note);
}

std::string words(const Device& device) {
  std::vector<std::string> parts;
  if (device.cores > 0) {
    parts.push_back(fmt::format("{} {}", device.cores,
                                device.kind == DeviceKind::cpu ? "cores" : "multiprocessors"));
  }
  parts.insert(parts.end(), device.features.begin(), device.features.end());
  if (parts.empty()) return device.name;
  return fmt::format("{} ({})", device.name, fmt::join(parts, ", "));
}

std::string words(const Execution& execution) {
  std::vector<std::string> parts;
  if (execution.threads) parts.push_back(fmt::format("threads {}", *execution.threads));
  if (execution.retained_heap) parts.emplace_back("retained heap");
  if (execution.cuda_graph) parts.emplace_back("CUDA graph");
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string words(const SetUpCost& cost) {
  const std::string each = fmt::format("{:.2f} s", cost.seconds);
  return cost.export_seconds ? fmt::format("{} (export {:.0f} s)", each, *cost.export_seconds)
                             : each;
}

std::string words(const Config& config) {
  const std::string knobs = words(config.arm.execution);
  return fmt::format("{} {} batch {}{}{}", to_string(config.arm.precision),
                     to_string(config.arm.layout), config.batch, knobs.empty() ? "" : ", ", knobs);
}

std::string plural(const std::string& unit) { return unit + "s"; }

}  // namespace autotune::report
