#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>

#include "commands.hpp"
#include "device/inventory.hpp"
#include "model_options.hpp"

namespace autotune::cli {
namespace {

constexpr const char* usage =
    "autotune doctor [MODEL [--inputs FILE | --input SPEC...] | --exec COMMAND] [OPTIONS] [--json]";

constexpr double self_test_seconds = 15;  // With the phase, which needs more than 10.

bool names_a_model(const po::variables_map& values) {
  return values.count("model") || values.count("inputs") || values.count("input");
}

/// What the user's choice takes; `problem` says why it does not work.
std::optional<MeterInfo> chosen_meter(const MeterOptions& options, std::string& problem) {
  std::vector<std::string> said_by_the_survey;
  try {
    return open_meters(options, said_by_the_survey).front()->info();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::meter) throw;
    problem = error.what();
    return std::nullopt;
  }
}

/// Why `auto` is the CPU, for those who expected a GPU; empty where there is one.
std::string gpu_lines(const std::string& device) {
  if (device != "auto") return "";
  const GpuInventory gpus = list_gpus();
  if (!gpus.devices.empty()) return "";
  const SurveyedMeter first = survey_meters({.device_is_gpu = true}).front();
  const std::string remedy = first.usable ? "" : fmt::format("     {}\n", first.remedy);
  return fmt::format(" no GPU is used: {}\n{}", gpus.problem, remedy);
}

std::string explanations(const std::vector<MeterFacts>& facts) {
  if (facts.empty()) return "\n self-test: a modelled meter has nothing to test\n";
  std::string text = "\n self-test under the load of the model:\n";
  for (const MeterFacts& meter : facts) text += explanation(meter);
  return text;
}

std::vector<MeterFacts> test_meters(const SessionOptions& options) {
  fmt::print(stderr, "testing the meters at rest and under the load of {}, {} s each at most\n",
             options.worker.workload.name, self_test_seconds);
  Session session(options);
  return session.test_meters(self_test_seconds);
}

/// A meter that the user names must work, and stand its test where there is one.
void require_named_meter(const Checkup& checkup, const std::string& problem) {
  if (!problem.empty()) throw Error(ErrorCode::meter, problem);
  if (checkup.choice == "auto" || !checkup.self_tests || checkup.self_tests->empty()) return;
  const auto& failures = checkup.self_tests->front().failures;
  if (failures.empty()) return;
  throw Error(ErrorCode::meter,
              fmt::format("--meter {} must not be believed: {}. Use --meter auto.", checkup.choice,
                          fmt::join(failures, "; ")));
}

/// Whether a program keeps the protocol, before anybody tunes with it.
int examine_worker(const po::variables_map& values) {
  SessionOptions session = session_options(values);
  session.worker.workload.device = session.device.id;
  const auto checks = check_conformance(session.worker);
  fmt::print("{}", values.count("json") ? to_json(checks) : table(checks));
  const auto failed = std::ranges::count(checks, false, &ConformanceCheck::passed);
  if (failed == 0) return 0;
  throw Error(ErrorCode::worker,
              fmt::format("{} of {} checks failed: the program of --exec does not keep "
                          "docs/worker_protocol.md. Mend what is listed, the first one first.",
                          failed, checks.size()));
}

}  // namespace

int doctor_command(const std::vector<std::string>& words) {
  po::options_description options("Options", 100);
  add_session_options(options);
  const po::variables_map values = parse(words, options, {"model"}, usage);
  if (values.count("help")) return 0;
  if (values.count("exec")) return examine_worker(values);
  const bool with_model = names_a_model(values), json = values.count("json") > 0;
  const SessionOptions session = with_model ? session_options(values) : device_options(values);

  std::string problem;
  Checkup checkup{.device = session.device,
                  .choice = values["meter"].as<std::string>(),
                  .meters = survey_meters(session.meter),
                  .chosen = chosen_meter(session.meter, problem),
                  .watch = survey_watch(session.meter)};
  if (!json) {
    fmt::print("{}{}", table(checkup), gpu_lines(values["device"].as<std::string>()));
    std::fflush(stdout);  // The self-test takes a while.
  }
  if (with_model && checkup.chosen) {
    checkup.self_tests = test_meters(session);
    if (!json) fmt::print("{}", explanations(*checkup.self_tests));
  }
  if (json) fmt::print("{}", to_json(checkup));
  require_named_meter(checkup, problem);
  return 0;
}

}  // namespace autotune::cli
