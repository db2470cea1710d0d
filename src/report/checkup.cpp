#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "autotune/report.hpp"
#include "report/figures.hpp"

namespace autotune {
namespace {

using namespace report;

const char* yes_or_no(bool value) { return value ? "yes" : "no"; }

std::string meter_line(const SurveyedMeter& meter) {
  return fmt::format(" {:<18}  {:<11}  {:<6}  {:<9}  {}\n", to_string(meter.source),
                     to_string(meter.scope), yes_or_no(meter.usable), yes_or_no(meter.claimable),
                     meter.reason);
}

/// One remedy for neighbours that share it: the cause is one.
std::string meter_lines(const std::vector<SurveyedMeter>& meters) {
  std::string text =
      fmt::format(" {:<18}  {:<11}  {:<6}  {:<9}\n", "meter", "scope", "usable", "claimable");
  for (std::size_t i = 0; i < meters.size(); ++i) {
    text += meter_line(meters[i]);
    const bool shared = i + 1 < meters.size() && meters[i + 1].remedy == meters[i].remedy;
    if (!meters[i].remedy.empty() && !shared) text += fmt::format("     {}\n", meters[i].remedy);
  }
  return text;
}

std::string chosen_lines(const Checkup& checkup) {
  if (!checkup.chosen) return fmt::format(" --meter {} does not work here\n", checkup.choice);
  std::string text =
      fmt::format(" --meter {} takes {} (scope {})\n", checkup.choice,
                  to_string(checkup.chosen->source), to_string(checkup.chosen->scope));
  if (checkup.chosen->source != EnergySource::modelled) return text;
  const bool by_default = checkup.choice == "auto";
  return text + fmt::format(" {}every figure will be time in disguise, not measured energy\n",
                            by_default ? "no counter of this device works, so " : "");
}

struct Sight {
  const char* name;
  bool there;
};

std::string sight_line(const char* what, std::initializer_list<Sight> sights) {
  std::vector<std::string> seen, unseen;
  for (const Sight& sight : sights) (sight.there ? seen : unseen).emplace_back(sight.name);
  const std::string missing =
      unseen.empty() ? "" : fmt::format("; not told: {}", fmt::join(unseen, ", "));
  return fmt::format(" {:<13} {}{}\n", what,
                     seen.empty() ? "nothing" : fmt::format("{}", fmt::join(seen, ", ")), missing);
}

std::string watch_lines(const WatchSurvey& watch) {
  std::string text = sight_line("foreign load:", {{"schedstat", watch.waited},
                                                  {"pressure stall information", watch.stalled},
                                                  {"stolen time", watch.stolen}});
  if (!watch.stalled) text += "     Boot with psi=1 to see the pressure on the CPUs.\n";
  if (!watch.gpu) return text;
  return text + sight_line("GPU:", {{"throttle counters", watch.gpu->throttled},
                                    {"temperature", watch.gpu->temperature},
                                    {"SM clock", watch.gpu->sm_clock},
                                    {"processes", watch.gpu->processes}});
}

bool counts(const MeterFacts& facts) {
  return facts.source == EnergySource::nvml_counter || facts.source == EnergySource::rapl;
}

std::string item(const char* what, const std::string& value) {
  return fmt::format("   {:<10} {}\n", what, value);
}

std::string movement(const MeterFacts& facts) {
  if (!facts.advances) {
    return counts(facts) ? "the counter stood still or gave no readings" : "it gave no readings";
  }
  if (!counts(facts)) return "it shows power, which is integrated";
  if (!facts.update_period_ms) return "the counter moves";
  return fmt::format("the counter moves every {:.3g} ms under load, the median of {} changes",
                     *facts.update_period_ms, facts.ticks);
}

std::string watts(const std::optional<double>& value) {
  return value ? fmt::format("{:.1f} W", *value) : "not known";
}

std::string agreement(const MeterFacts& facts) {
  const auto off = facts.disagreement();
  if (!off) {
    return facts.instant_watts
               ? fmt::format("not compared: instant power is {}, the counter gives none",
                             watts(facts.instant_watts))
               : "not compared: there is no instant power beside it";
  }
  return fmt::format("{:.1f} % {} instant power, {} for the same load; 2 % are tolerated",
                     std::abs(*off) * 100, *off < 0 ? "below" : "above",
                     watts(facts.instant_watts));
}

std::string sampling(const MeterFacts& facts) {
  const auto partial = facts.duty_sampled();
  if (!partial)
    return "not tried: it takes a counter that moves, and slower than the load is switched";
  const double spread = *facts.phase_spread * 100;
  if (*partial) {
    return fmt::format(
        "only a part of the time is seen: a load pulsed in step with the counter differs by "
        "{:.0f} % with its phase. A steady load is read right, one that repeats in step is not",
        spread);
  }
  return fmt::format("all of the time is seen: a pulsed load differs by {:.1f} % with its phase",
                     spread);
}

std::string verdict(const MeterFacts& facts) {
  if (!facts.failures.empty()) {
    return fmt::format("must not be believed: {}", fmt::join(facts.failures, "; "));
  }
  return facts.claimable ? "may be believed, and what it reads may be claimed"
                         : "may be believed, but what it reads may not be claimed";
}

}  // namespace

std::string table(const Checkup& checkup) {
  return fmt::format("{}: {}\n\n", checkup.device.id, words(checkup.device)) +
         meter_lines(checkup.meters) + "\n" + chosen_lines(checkup) + watch_lines(checkup.watch);
}

std::string table(const std::vector<ConformanceCheck>& checks) {
  std::string text;
  for (const ConformanceCheck& check : checks) {
    text += fmt::format(" {:<4}  {}\n", check.passed ? "ok" : "FAIL", check.what);
    if (!check.passed) text += fmt::format("       {}\n", check.finding);
  }
  return text;
}

std::string explanation(const MeterFacts& facts) {
  std::string text =
      fmt::format(" {} (scope {}; {}), tested for {:.1f} s\n", to_string(facts.source),
                  to_string(facts.scope), facts.note, facts.seconds);
  text += item("movement", movement(facts));
  text += item("power", fmt::format("{} at rest, {} under load", watts(facts.idle_watts),
                                    watts(facts.load_watts)));
  if (counts(facts)) {
    text += item("agreement", agreement(facts)) + item("sampling", sampling(facts));
  }
  text += item("a call", fmt::format("takes {:.3g} µs, the slowest of a hundred {:.3g} µs",
                                     facts.call_p50_us, facts.call_p99_us));
  return text + item("verdict", verdict(facts));
}

}  // namespace autotune
