#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "autotune/report.hpp"
#include "report/figures.hpp"
#include "report/grid.hpp"

namespace autotune {
namespace {

using namespace report;

std::string header(const TuneResult& result) {
  return fmt::format("{} on {}, energy: {}\n", result.workload.id.name, words(result.device),
                     energy_line(result.meter));
}

std::string spent_line(const TuneResult& result) {
  std::string text =
      fmt::format(" measured {} configurations in {:.0f} s · {} spent", result.spent.trials,
                  result.spent.seconds, joules(result.spent.joules));
  if (const auto units = result.pays_back_after_units) {
    text += " · pays back after " + count(*units, plural(result.workload.id.unit));
  }
  if (result.budget.seconds) {
    text += fmt::format("\n budget: {:.0f} s{}", *result.budget.seconds,
                        result.budget.joules ? ", " + joules(*result.budget.joules) : "");
  }
  if (result.resumed_steps > 0) {
    text += fmt::format("\n resumed: {} steps were taken by an earlier run", result.resumed_steps);
  }
  if (!result.search_ended.empty()) {
    text += fmt::format("\n search {} ended: {}", result.searcher, result.search_ended);
  }
  return text + "\n";
}

std::vector<Row> rows_of(const TuneResult& result) {
  std::vector<Row> rows;
  add_row(rows, result.best, "best");
  for (const Trial& tie : result.ties) add_row(rows, tie, "tie");
  add_baselines(rows, result.baselines);
  return rows;
}

const Baseline* find_baseline(const TuneResult& result, std::string_view name) {
  const auto found = std::find_if(result.baselines.begin(), result.baselines.end(),
                                  [&](const Baseline& baseline) { return baseline.name == name; });
  return found == result.baselines.end() ? nullptr : &*found;
}

std::string interval_words(const std::optional<Interval>& ci95) {
  if (!ci95) return " (no interval)";
  const bool open = ci95->low <= 0 && ci95->high >= 0;
  return fmt::format(" ({:.0f} … {:.0f} %{})", ci95->low * 100, ci95->high * 100,
                     open ? ": not told apart" : "");
}

std::string saving_line(const TuneResult& result, const char* name, const char* words) {
  const Baseline* const baseline = find_baseline(result, name);
  if (baseline == nullptr) return "";
  if (baseline->trial.config == result.best.config) {
    return fmt::format(" {} is the best already\n", words);
  }
  if (!cost(baseline->trial, true)) return "";
  return fmt::format(" saves {} against {}{}\n", percent(baseline->saving), words,
                     interval_words(baseline->saving_ci95));
}

/// The flags under which `accuracy` passes: cosine cut and L2 rounded up to three decimals.
std::string adopting_flags(const Accuracy& accuracy, Constraints limits) {
  std::vector<std::string> flags;
  if (accuracy.worst_cosine < limits.min_cosine) {
    limits.min_cosine = std::floor(accuracy.worst_cosine * 1000) / 1000;
    flags.push_back(fmt::format("--min-cosine {:.3f}", limits.min_cosine));
  }
  if (accuracy.relative_l2 > limits.relative_l2_limit()) {
    flags.push_back(
        fmt::format("--max-relative-l2 {:.3f}", std::ceil(accuracy.relative_l2 * 1000) / 1000));
  }
  return fmt::format("{}", fmt::join(flags, " "));
}

/// Against what runs now, as the saving of the best is.
std::optional<double> lossy_saving(const TuneResult& result) {
  const Baseline* reference = find_baseline(result, "incumbent");
  if (reference == nullptr) reference = find_baseline(result, "fp32_batch_1");
  if (reference == nullptr) reference = find_baseline(result, "fp32_smallest_batch");
  const auto lossy = cost(*result.lossy_best, true);
  const auto now = reference == nullptr ? std::nullopt : cost(reference->trial, true);
  if (!lossy || !now || !(*now > 0)) return std::nullopt;
  return 1 - *lossy / *now;
}

std::string lossy_line(const TuneResult& result) {
  if (!result.lossy_best || !result.lossy_best->accuracy) return "";
  const Accuracy& accuracy = *result.lossy_best->accuracy;
  const auto saving = lossy_saving(result);
  return fmt::format(" {} would {} at cosine {}, relative L2 {:.3f}: {} adopts it\n",
                     words(result.lossy_best->config),
                     saving ? "save " + percent(*saving) : "be cheaper",
                     cosine(result.lossy_best->accuracy), accuracy.relative_l2,
                     adopting_flags(accuracy, result.constraints));
}

std::string failures_line(const TuneResult& result) {
  std::map<TrialStatus, int> counts;
  for (const Trial& trial : result.trials) {
    if (trial.status != TrialStatus::ok) ++counts[trial.status];
  }
  std::vector<std::string> parts;
  for (const auto& [status, count] : counts) {
    parts.push_back(fmt::format("{} {}", count, to_string(status)));
  }
  return parts.empty() ? "" : fmt::format(" not usable: {}\n", fmt::join(parts, ", "));
}

/// One line per reason: a precision that the device lacks is lacking in every layout.
std::string unsupported_lines(const TuneResult& result) {
  std::vector<std::pair<std::string, std::vector<std::string>>> arms_by_reason;
  for (const UnsupportedArm& arm : result.workload.unsupported) {
    auto known = std::ranges::find(arms_by_reason, arm.reason,
                                   &std::pair<std::string, std::vector<std::string>>::first);
    if (known == arms_by_reason.end()) known = arms_by_reason.insert(known, {arm.reason, {}});
    known->second.push_back(fmt::format("{} {}", to_string(arm.precision), to_string(arm.layout)));
  }
  std::string text;
  for (const auto& [reason, arms] : arms_by_reason) {
    text += fmt::format(" {} not tried: {}\n", fmt::join(arms, ", "), reason);
  }
  return text;
}

/// What each arm costs before its first iteration, which no energy per unit shows.
std::string set_up_line(const TuneResult& result) {
  std::vector<Arm> seen;
  std::vector<std::string> parts;
  for (const Trial& trial : result.trials) {
    const Arm& arm = trial.config.arm;
    if (!trial.set_up || std::ranges::count(seen, arm)) continue;
    seen.push_back(arm);
    const std::string threads =
        arm.execution.threads ? fmt::format(" threads {}", *arm.execution.threads) : "";
    parts.push_back(fmt::format("{} {}{} {}", to_string(arm.precision), to_string(arm.layout),
                                threads, words(*trial.set_up)));
  }
  return parts.empty() ? "" : fmt::format(" set-up: {}\n", fmt::join(parts, ", "));
}

std::string profile_line(const TuneResult& result, const std::string& path) {
  if (path.empty()) return "";
  const char* const note = result.effort == Effort::quick
                               ? " (quick: run --effort standard before you publish a figure)"
                               : "";
  return fmt::format(" profile: {}{}\n", path, note);
}

std::string notes(const TuneResult& result) {
  std::string text;
  if (!result.complete) {
    text += " cut short: this is the best of what was measured until then\n";
  }
  if (result.resumable) {
    text += " to go on: the same command with --resume, before another tune of this model\n";
  }
  for (const std::string& warning : result.warnings) text += fmt::format(" note: {}\n", warning);
  return text;
}

}  // namespace

std::string table(const TuneResult& result, const std::string& profile_path) {
  std::string text = header(result) + spent_line(result) + "\n";
  text += grid(rows_of(result), CostScale(result.best, result.workload.id.unit)) + "\n";
  text += saving_line(result, "incumbent", "what you run now");
  text += saving_line(result, "fp32_batch_1", "fp32 at batch 1");
  text += saving_line(result, "fp32_smallest_batch", "fp32 at the smallest batch");
  text += lossy_line(result);
  text += set_up_line(result);
  text += failures_line(result) + unsupported_lines(result) + notes(result);
  return text + profile_line(result, profile_path);
}

}  // namespace autotune
