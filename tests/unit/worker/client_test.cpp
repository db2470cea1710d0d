#include <gmock/gmock.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <numeric>
#include <thread>

#include "autotune/error.hpp"
#include "autotune/worker.hpp"
#include "fakes/environment.hpp"
#include "fakes/file_tree.hpp"

namespace autotune {
namespace {

using ::testing::AllOf;
using testing::FileTree;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ScopedEnvironment;
using ::testing::SizeIs;

constexpr RunRequest good_run{.batch = 4, .min_iterations = 5};
constexpr RunRequest bad_run{.batch = 13, .min_iterations = 5};
constexpr Arm bad_arm{.precision = Precision::int8};

WorkerOptions scripted(const std::string& fault) {
  return {.workload = {.model = fault + ".pt"}, .executable = SCRIPTED_WORKER};
}

/// With a limit short enough for a test that waits it out.
WorkerOptions impatient(const std::string& fault) {
  WorkerOptions options = scripted(fault);
  options.prepare_seconds = options.first_run_seconds = options.reply_seconds = 0.3;
  return options;
}

std::string pid_of(Workload& workload) { return workload.describe().conditions.at("pid"); }

template <typename Function>
std::string error_of(ErrorCode code, const Function& function) {
  try {
    function();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST(WorkerClient, PassesOnWhatTheWorkloadSays) {
  const auto worker = start_worker(scripted("normal"));
  const Description description = worker->describe();
  EXPECT_EQ(description.id.name, "normal");
  EXPECT_EQ(description.rows, 64);
  EXPECT_THAT(description.arms, SizeIs(2));
  ASSERT_THAT(description.unsupported, SizeIs(1));
  EXPECT_EQ(description.unsupported[0].reason, "a script has no FP8");

  const Prepared prepared = worker->prepare({.arm = {.precision = Precision::bf16}});
  EXPECT_EQ(prepared.status, TrialStatus::ok);
  EXPECT_EQ(prepared.set_up.seconds, 0.25);

  const RunResult result = worker->run(good_run);
  EXPECT_EQ(result.status, TrialStatus::ok);
  EXPECT_EQ(result.reason, "precision=bf16,layout=plain");
  EXPECT_EQ(result.start, std::chrono::seconds(1));
  EXPECT_EQ(result.completions.back(), std::chrono::milliseconds(1005));
  EXPECT_THAT(result.units, ::testing::ElementsAre(4, 4, 4, 4, 4));
}

TEST(WorkerClient, PassesOnARunOfMoreIterationsThanAMessageHolds) {
  const auto worker = start_worker(scripted("normal"));
  constexpr int iterations = 1'000'000;
  const RunResult result = worker->run({.batch = 4, .min_iterations = iterations});
  ASSERT_EQ(result.status, TrialStatus::ok) << result.reason;
  ASSERT_THAT(result.completions, SizeIs(iterations));
  EXPECT_EQ(result.completions.back(), std::chrono::milliseconds(1000 + iterations));
  EXPECT_NEAR(std::reduce(result.units.begin(), result.units.end()), 4.0 * iterations, 1e-3);
}

TEST(WorkerClient, PassesOnTheOptionsOfTheWorkload) {
  WorkerOptions options = scripted("normal");
  options.workload.name = "mine \"quoted\" ü";
  EXPECT_EQ(start_worker(options)->describe().id.name, options.workload.name);
}

TEST(WorkerClient, RunsTheChildInAProcessGroupOfItsOwn) {
  const Description description = start_worker(scripted("normal"))->describe();
  EXPECT_EQ(description.conditions.at("group"), description.conditions.at("pid"));
}

struct Fault {
  const char* model;
  TrialStatus status;
  const char* reason;
};

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.model; }

class WorkerFault : public ::testing::TestWithParam<Fault> {};

TEST_P(WorkerFault, InARunIsItsStatusAndTheNextRunHasTheSameArm) {
  const auto worker = start_worker(impatient(GetParam().model));
  const RunResult failed = worker->run(bad_run);
  EXPECT_EQ(failed.status, GetParam().status) << failed.reason;
  EXPECT_THAT(failed.reason, HasSubstr(GetParam().reason));
  EXPECT_THAT(failed.completions, SizeIs(0));

  ASSERT_EQ(worker->prepare({.arm = {.layout = Layout::channels_last}}).status, TrialStatus::ok);
  ASSERT_NE(worker->run(bad_run).status, TrialStatus::ok);
  const RunResult again = worker->run(good_run);
  EXPECT_EQ(again.status, TrialStatus::ok) << again.reason;
  EXPECT_EQ(again.reason, "precision=fp32,layout=channels_last");
}

TEST_P(WorkerFault, InAPreparationIsItsStatusAndAnotherArmWorks) {
  const auto worker = start_worker(impatient(GetParam().model));
  const Prepared failed = worker->prepare({.arm = bad_arm});
  EXPECT_EQ(failed.status, GetParam().status) << failed.reason;
  EXPECT_EQ(worker->prepare({.arm = {}}).status, TrialStatus::ok);
  EXPECT_EQ(worker->run(good_run).reason, "precision=fp32,layout=plain");
}

constexpr Fault faults[] = {
    {"abort", TrialStatus::crashed,
     "was killed by signal 6 (Aborted) while running batch=13,no arm; its last words: assertion "
     "failed: the end"},
    {"segfault", TrialStatus::crashed, "was killed by signal 11 (Segmentation fault)"},
    {"killed", TrialStatus::out_of_memory, "the machine may be out of memory"},
    {"exit", TrialStatus::crashed, "exited with status 7"},
    {"hang", TrialStatus::timed_out, "gave no answer within 0.3"},
    {"garbage", TrialStatus::crashed, "no JSON message: Loading weights: 100%"},
    {"wrong_type", TrialStatus::crashed, "'bananas' instead of 'ran'"},
    {"bad_reply", TrialStatus::crashed, "broke the protocol with"},
    {"stray_reply", TrialStatus::crashed, "a reply to request 999 instead of 3"},
    {"half_line", TrialStatus::crashed, "sent half a message and exited with status 0"},
    {"closed_output", TrialStatus::crashed, "closed its output"},
    {"bad_utf8", TrialStatus::crashed, "caf\xef\xbf\xbd  [31mred"},
    {"throws", TrialStatus::crashed, "shape mismatch: 3 against 4"},
    {"bad_alloc", TrialStatus::out_of_memory, "std::bad_alloc"},
};

INSTANTIATE_TEST_SUITE_P(Each, WorkerFault, ::testing::ValuesIn(faults),
                         [](const auto& test) { return std::string(test.param.model); });

TEST(WorkerClient, GivesUpAMessageThatNeverEnds) {
  const auto worker = start_worker(scripted("flood_wire"));
  const RunResult failed = worker->run(bad_run);
  EXPECT_EQ(failed.status, TrialStatus::crashed);
  EXPECT_THAT(failed.reason, HasSubstr("a message of more than 16777216 bytes"));
  EXPECT_EQ(worker->run(good_run).status, TrialStatus::ok);
}

TEST(WorkerClient, IsNotHeldUpByAWorkerThatFillsItsStderr) {
  const auto worker = start_worker(scripted("flood_stderr"));
  EXPECT_EQ(worker->run(bad_run).status, TrialStatus::ok);
}

TEST(WorkerClient, IsNotConfusedByAModelThatPrints) {
  const auto worker = start_worker(scripted("stdout"));
  const std::string pid = pid_of(*worker);
  EXPECT_EQ(worker->run(bad_run).status, TrialStatus::ok);
  EXPECT_EQ(pid_of(*worker), pid);
}

TEST(WorkerClient, ThrowsTheWorkersErrorAgainAndKeepsTheWorker) {
  const auto worker = start_worker(scripted("error"));
  const std::string pid = pid_of(*worker);
  const std::string message =
      error_of(ErrorCode::inputs, [&] { static_cast<void>(worker->run(bad_run)); });
  EXPECT_EQ(message, "input 1 has 3 rows, input 0 has 4");
  EXPECT_EQ(worker->run(good_run).status, TrialStatus::ok);
  EXPECT_EQ(pid_of(*worker), pid);
}

TEST(WorkerClient, SurvivesTheDeathOfAnIdleWorker) {
  const auto worker = start_worker(scripted("normal"));
  ASSERT_EQ(worker->prepare({.arm = {.precision = Precision::fp16}}).status, TrialStatus::ok);
  const pid_t pid = std::stoi(pid_of(*worker));
  ::kill(pid, SIGKILL);
  siginfo_t ended{};
  ::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT);
  EXPECT_EQ(worker->run(good_run).reason, "precision=fp16,layout=plain");
}

TEST(WorkerClient, DoesNotCheckAccuracyAgainWhenItRestoresAnArm) {
  const auto worker = start_worker(scripted("abort"));
  EXPECT_EQ(worker->prepare({.arm = {}}).reason, "checked");
  EXPECT_EQ(worker->prepare({.arm = {}, .check_accuracy = false}).reason, "not checked");
}

TEST(WorkerClient, TakesAFreshProcessForOtherExecutionKnobsOnly) {
  const auto worker = start_worker(scripted("normal"));
  const std::string first = pid_of(*worker);
  static_cast<void>(worker->prepare({.arm = {.precision = Precision::bf16}}));
  EXPECT_EQ(pid_of(*worker), first);

  const Execution retained{.threads = 2, .retained_heap = true};
  static_cast<void>(worker->prepare({.arm = {.execution = retained}}));
  const std::string second = pid_of(*worker);
  EXPECT_NE(second, first);
  static_cast<void>(
      worker->prepare({.arm = {.precision = Precision::bf16, .execution = retained}}));
  EXPECT_EQ(pid_of(*worker), second);
  EXPECT_EQ(worker->run(good_run).reason, "precision=bf16,layout=plain,threads=2,retained_heap=1");
}

TEST(WorkerClient, LeavesNoProcessBehind) {
  auto worker = start_worker(scripted("normal"));
  const pid_t pid = std::stoi(pid_of(*worker));
  worker.reset();
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST(WorkerClient, EndsWithItsParentEvenInTheMiddleOfARun) {
  // Orphans come to us, so that we see the worker's end.
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  int news[2];
  ASSERT_EQ(::pipe(news), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    const auto worker = start_worker(scripted("hang"));
    const pid_t pid = std::stoi(pid_of(*worker));
    if (::write(news[1], &pid, sizeof pid) != sizeof pid) std::_Exit(1);
    static_cast<void>(worker->run(bad_run));
    std::_Exit(0);
  }
  pid_t worker = 0;
  ASSERT_EQ(::read(news[0], &worker, sizeof worker), static_cast<ssize_t>(sizeof worker));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_EQ(::waitpid(worker, nullptr, 0), worker);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST(WorkerClient, OutlivesTheThreadThatStartedIt) {
  std::unique_ptr<Workload> worker;
  std::thread([&] { worker = start_worker(scripted("normal")); }).join();
  const std::string pid = pid_of(*worker);
  EXPECT_EQ(worker->run(good_run).status, TrialStatus::ok);
  EXPECT_EQ(pid_of(*worker), pid);
}

TEST(WorkerStart, IsTriedThreeTimesWhenTheWorkerDies) {
  const FileTree folder;
  WorkerOptions options = scripted("");
  options.workload.model = folder.root() / "dies_twice.pt";
  EXPECT_EQ(start_worker(options)->describe().id.name, "dies_twice");
}

TEST(WorkerStart, FailsWithTheLastWordsAfterThreeDeaths) {
  const FileTree folder;
  WorkerOptions options = scripted("");
  options.workload.model = folder.root() / "always_dies.pt";
  const std::string message =
      error_of(ErrorCode::worker, [&] { static_cast<void>(start_worker(options)); });
  EXPECT_THAT(message, AllOf(HasSubstr(SCRIPTED_WORKER), HasSubstr("failed 3 times"),
                             HasSubstr("signal 6 (Aborted) while loading the model"),
                             HasSubstr("cannot allocate the arena"), HasSubstr("AUTOTUNE_WORKER")));
  EXPECT_EQ(std::filesystem::file_size(options.workload.model), 3u);
}

TEST(WorkerStart, FailsIfTheWorkerDiesInDescribe) {
  const auto worker = start_worker(scripted("dies_in_describe"));
  const std::string message =
      error_of(ErrorCode::worker, [&] { static_cast<void>(worker->describe()); });
  EXPECT_THAT(message, HasSubstr("signal 11 (Segmentation fault) while describing the model"));
}

TEST(WorkerStart, HasATimeLimit) {
  WorkerOptions options = scripted("slow_start");
  options.start_seconds = 0.3;
  EXPECT_THAT(error_of(ErrorCode::worker, [&] { static_cast<void>(start_worker(options)); }),
              HasSubstr("gave no answer within 0.3"));
}

TEST(WorkerStart, PassesOnTheErrorOfTheModel) {
  EXPECT_EQ(
      error_of(ErrorCode::model, [] { static_cast<void>(start_worker(scripted("missing"))); }),
      "there is no model missing.pt");
  EXPECT_EQ(
      error_of(ErrorCode::model, [] { static_cast<void>(start_worker(scripted("unloadable"))); }),
      "the model cannot be loaded: bad magic number");
}

TEST(WorkerStart, NamesBothVersionsOfTheProtocol) {
  for (const auto& [fault, version] : {std::pair{"old", "version 0"}, {"new", "version 9"}}) {
    const ScopedEnvironment environment{{"SCRIPTED_WORKER", fault}};
    EXPECT_THAT(
        error_of(ErrorCode::worker, [] { static_cast<void>(start_worker(scripted("normal"))); }),
        AllOf(HasSubstr(version), HasSubstr("version 1"), HasSubstr(SCRIPTED_WORKER),
              HasSubstr("AUTOTUNE_WORKER")));
  }
}

TEST(WorkerStart, NamesWhatAProgramThatIsNoWorkerSaid) {
  const ScopedEnvironment environment{{"SCRIPTED_WORKER", "banner"}};
  EXPECT_THAT(
      error_of(ErrorCode::worker, [] { static_cast<void>(start_worker(scripted("normal"))); }),
      AllOf(HasSubstr("no JSON message: Welcome to the model runner"), Not(HasSubstr("3 times"))));
}

TEST(WorkerStart, ShowsWhyAProgramCannotStart) {
  const ScopedEnvironment environment{{"SCRIPTED_WORKER", "exit"}};
  EXPECT_THAT(
      error_of(ErrorCode::worker, [] { static_cast<void>(start_worker(scripted("normal"))); }),
      AllOf(HasSubstr("exited with status 127"), HasSubstr("libcudart.so.99 is missing")));
}

TEST(WorkerStart, RefusesAPathThatIsNotUtf8) {
  EXPECT_THAT(
      error_of(ErrorCode::usage, [] { static_cast<void>(start_worker(scripted("caf\xe9"))); }),
      HasSubstr("UTF-8"));
}

TEST(WorkerClient, GivesUpSoonerOnceItKnowsHowLongAnIterationTakes) {
  WorkerOptions options = scripted("hang");
  options.least_reply_seconds = 0.3;
  const auto worker = start_worker(options);
  ASSERT_EQ(worker->prepare({.arm = Arm{}}).status, TrialStatus::ok);
  ASSERT_EQ(worker->run(good_run).status, TrialStatus::ok);
  const RunResult hung = worker->run({.batch = 13});
  EXPECT_EQ(hung.status, TrialStatus::timed_out);
  EXPECT_THAT(hung.reason, HasSubstr("no answer within 0.3"));
}

TEST(WorkerClient, GivesAnArmsFirstRunTheTimeThatCompilingTakes) {
  WorkerOptions options = scripted("slow");
  options.reply_seconds = options.least_reply_seconds = 0.1;
  const auto worker = start_worker(options);
  ASSERT_EQ(worker->prepare({.arm = Arm{}}).status, TrialStatus::ok);
  EXPECT_EQ(worker->run(bad_run).status, TrialStatus::ok);
  // The kernels are there now: who takes so long again hangs.
  EXPECT_EQ(worker->run(bad_run).status, TrialStatus::timed_out);
}

TEST(WorkerClient, GivesAPreparationTheTimeThatCompilingTakes) {
  WorkerOptions options = scripted("slow");
  options.reply_seconds = options.least_reply_seconds = 0.1;
  const auto worker = start_worker(options);
  EXPECT_EQ(worker->prepare({.arm = bad_arm}).status, TrialStatus::ok);
  options.prepare_seconds = 0.1;
  EXPECT_EQ(start_worker(options)->prepare({.arm = bad_arm}).status, TrialStatus::timed_out);
}

}  // namespace
}  // namespace autotune
