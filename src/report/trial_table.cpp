#include <fmt/format.h>
#include <fmt/ranges.h>

#include "autotune/report.hpp"
#include "report/figures.hpp"

namespace autotune {
namespace {

using namespace report;

std::string field(const char* what, const std::string& value) {
  return fmt::format(" {:<11} {}\n", what, value);
}

std::string cost_line(const Trial& trial, const std::string& unit, const MeterInfo& meter) {
  const CostScale scale(trial, unit);
  const std::string interval =
      trial.measurement->ci95 ? fmt::format(" ({})", scale.interval(trial)) : "";
  const std::string cost = fmt::format("{} {}{}", scale.value(trial), scale.unit(), interval);
  if (scale.by_energy()) return field("energy", cost + ", " + energy_line(meter));
  return field("energy", "no reading") + field("time", cost);
}

std::string measurement_lines(const Measurement& m, const std::string& unit) {
  constexpr double mib = 1024.0 * 1024.0;
  std::string text =
      field("latency", fmt::format("p50 {} ms, p99 {} ms per iteration",
                                   milliseconds(m.latency_p50_ms), milliseconds(m.latency_p99_ms)));
  text += field("throughput", count(m.units_per_second, plural(unit)) + "/s");
  if (m.watts) text += field("power", fmt::format("{:.1f} W", *m.watts));
  text += field("peak memory",
                fmt::format("{:.0f} MiB", static_cast<double>(m.peak_memory_bytes) / mib));
  text += field("measured in",
                fmt::format("{} windows, {} iterations", m.windows.size(), m.iterations));
  if (!m.flags.empty()) text += field("flags", fmt::format("{}", fmt::join(m.flags, ", ")));
  return text;
}

std::string accuracy_line(const Accuracy& accuracy) {
  const std::string top1 = accuracy.top1_agreement ? fmt::format(", top-1 agreement {:.2f} %",
                                                                 *accuracy.top1_agreement * 100)
                                                   : "";
  return field("accuracy",
               fmt::format("worst cosine {}, relative L2 {:.3g} over {} rows{}; coverage {}",
                           cosine(accuracy), accuracy.relative_l2, accuracy.rows, top1,
                           percent(accuracy.coverage)));
}

}  // namespace

std::string table(const Trial& trial, const Description& workload, const MeterInfo& meter) {
  const std::string& unit = workload.id.unit;
  std::string text = fmt::format("{} {}\n", workload.id.name, to_string(trial.config));
  if (trial.status != TrialStatus::ok) {
    text += field("status", fmt::format("{}{}{}", to_string(trial.status),
                                        trial.reason.empty() ? "" : ": ", trial.reason));
  }
  if (trial.measurement) {
    text += cost_line(trial, unit, meter) + measurement_lines(*trial.measurement, unit);
  }
  if (trial.accuracy) {
    text += accuracy_line(*trial.accuracy);
    // `measure` has no limits, and the arm's name would promise more than it does.
    if (const double least = Constraints{}.min_coverage; trial.accuracy->coverage < least) {
      text += field("warning", fmt::format("{} of the matrix FLOPs is less than the {} below which "
                                           "a tune calls the arm unsupported (--min-coverage)",
                                           percent(trial.accuracy->coverage), percent(least)));
    }
  }
  if (trial.set_up) text += field("set-up", words(*trial.set_up));
  return text;
}

}  // namespace autotune
