#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>

#include "autotune/worker.hpp"
#include "worker/long_run.hpp"
#include "worker/messages.hpp"
#include "worker/process.hpp"

namespace autotune {
namespace {

constexpr int max_starts = 3;
constexpr double surprise_factor = 20;
constexpr double longest_wait_seconds = 1e8;  // Three years; more would overflow nanoseconds.

Timestamp after(double seconds) {
  const std::chrono::duration<double> wait(std::clamp(seconds, 0.0, longest_wait_seconds));
  return SteadyClock().now() + std::chrono::duration_cast<std::chrono::nanoseconds>(wait);
}

std::string shown(const std::vector<std::string>& command) {
  return fmt::format("{}", fmt::join(command, " "));
}

/// Runs its workload in a child process, and starts it again when it has to.
class WorkerClient final : public Workload {
 public:
  explicit WorkerClient(const WorkerOptions& options)
      : options_(options), command_(command_of(options)) {
    start({}, after(options_.start_seconds));
  }

  Description describe() override;
  Prepared prepare(const PrepareRequest& request) override;
  RunResult run(const RunRequest& request) override;

 private:
  void ensure_started(const Execution& execution, Timestamp deadline);
  void start(const Execution& execution, Timestamp deadline);
  void start_once(const Execution& execution, Timestamp deadline);
  [[nodiscard]] RunResult run_in_process(const RunRequest& request);
  [[nodiscard]] RunResult run_in_parts(const RunRequest& request);
  [[nodiscard]] Prepared prepare_in_process(const PrepareRequest& request);
  [[nodiscard]] Prepared prepare_again();
  [[nodiscard]] double patience(const RunRequest& request) const;
  void learn(const RunRequest& request, const RunResult& result);
  [[nodiscard]] Error cannot_start(const WorkerFailure& failure, int starts) const;

  WorkerOptions options_;
  std::vector<std::string> command_;
  std::unique_ptr<WorkerProcess> process_;
  Execution execution_;                     ///< What `process_` was started with.
  std::optional<PrepareRequest> prepared_;  ///< The arm that runs, to be restored after a restart.
  bool holds_arm_ = false;                  ///< Whether `process_` has it.
  bool thins_runs_ = false;                 ///< `process_` keeps to `most_completions`.
  bool has_run_ = false;                    ///< The arm, since `process_` made it ready.
  std::map<std::string, double> row_seconds_;  ///< Of the slowest run of each arm so far.
};

Description WorkerClient::describe() {
  const Timestamp deadline = after(options_.start_seconds);
  ensure_started(execution_, deadline);
  try {
    return process_->call_for<Description>(
        {.type = "describe", .reply_type = "description", .activity = "while describing the model"},
        deadline);
  } catch (const WorkerFailure& failure) {
    process_.reset();
    throw cannot_start(failure, 1);
  }
}

Prepared WorkerClient::prepare(const PrepareRequest& request) {
  prepared_.reset();
  ensure_started(request.arm.execution, after(options_.start_seconds));
  try {
    const Prepared prepared = prepare_in_process(request);
    if (prepared.status == TrialStatus::ok) prepared_ = request;
    return prepared;
  } catch (const WorkerFailure& failure) {
    process_.reset();
    return {.status = failure.status(), .reason = failure.what()};
  }
}

RunResult WorkerClient::run(const RunRequest& request) {
  const Execution execution = prepared_ ? prepared_->arm.execution : execution_;
  ensure_started(execution, after(options_.start_seconds));
  try {
    const Prepared again = prepare_again();
    if (again.status != TrialStatus::ok) {
      return {.status = again.status, .reason = "preparing again after a restart: " + again.reason};
    }
    return thins_runs_ ? run_in_process(request) : run_in_parts(request);
  } catch (const WorkerFailure& failure) {
    process_.reset();
    return {.status = failure.status(), .reason = failure.what()};
  }
}

RunResult WorkerClient::run_in_process(const RunRequest& request) {
  const std::string arm = prepared_ ? to_string(prepared_->arm) : "no arm";
  RunResult result = process_->call_for<RunResult>(
      {.type = "run",
       .body = wire::encode(request),
       .reply_type = "ran",
       .activity = fmt::format("while running batch={},{}", request.batch, arm)},
      after(request.seconds + patience(request)));
  learn(request, result);
  return result;
}

/// With a worker that sends every iteration, no run may be longer than a message.
RunResult WorkerClient::run_in_parts(const RunRequest& request) {
  RunResult all = run_in_process(wire::bounded(request));
  auto rest = wire::rest_of(request, all);
  while (rest) {
    const RunResult part = run_in_process(wire::bounded(*rest));
    if (part.status != TrialStatus::ok) return part;
    wire::append(all, part);
    rest = wire::rest_of(*rest, part);
  }
  return all;
}

/// How long a run may take beyond what it asks for. Compilation must not pass for a hang, and an
/// arm compiles in its first run. From then on an endless loop is known by what its iterations
/// took.
double WorkerClient::patience(const RunRequest& request) const {
  if (!has_run_) return options_.first_run_seconds;
  const auto known = row_seconds_.find(prepared_ ? to_string(prepared_->arm) : "");
  if (known == row_seconds_.end()) return options_.reply_seconds;
  const double expected = known->second * request.batch * std::max(1, request.min_iterations);
  return std::min(options_.reply_seconds,
                  std::max(options_.least_reply_seconds, surprise_factor * expected));
}

void WorkerClient::learn(const RunRequest& request, const RunResult& result) {
  if (result.status == TrialStatus::ok) has_run_ = true;
  if (result.completions.empty()) return;
  const double iteration = in_seconds(result.completions.back() - result.start) /
                           static_cast<double>(result.completions.size());
  double& slowest = row_seconds_[prepared_ ? to_string(prepared_->arm) : ""];
  slowest = std::max(slowest, iteration / request.batch);
}

Prepared WorkerClient::prepare_in_process(const PrepareRequest& request) {
  holds_arm_ = has_run_ = false;
  Prepared prepared = process_->call_for<Prepared>(
      {.type = "prepare",
       .body = wire::encode(request),
       .reply_type = "prepared",
       .activity = fmt::format("while preparing {}", to_string(request.arm))},
      after(options_.prepare_seconds));
  holds_arm_ = prepared.status == TrialStatus::ok;
  return prepared;
}

Prepared WorkerClient::prepare_again() {
  if (!prepared_ || holds_arm_) return {};
  PrepareRequest request = *prepared_;
  request.check_accuracy = false;  // It was known before the restart.
  return prepare_in_process(request);
}

/// A process that fits: alive, in step with us, and with these knobs, some of which can be set only
/// before a model is loaded.
void WorkerClient::ensure_started(const Execution& execution, Timestamp deadline) {
  if (process_ && process_->ready() && execution_ == execution) return;
  process_.reset();
  start(execution, deadline);
}

void WorkerClient::start(const Execution& execution, Timestamp deadline) {
  for (int starts = 1; !process_; ++starts) {
    try {
      start_once(execution, deadline);
    } catch (const WorkerFailure& failure) {
      if (failure.downfall() != Downfall::died || starts == max_starts) {
        throw cannot_start(failure, starts);
      }
    }
  }
  execution_ = execution;
  holds_arm_ = false;
}

void WorkerClient::start_once(const Execution& execution, Timestamp deadline) {
  auto process = std::make_unique<WorkerProcess>(command_, options_.memory_limit_bytes);
  const auto hello = process->call_for<wire::Hello>({.type = "hello",
                                                     .body = wire::encode(wire::Hello{}),
                                                     .reply_type = "hello",
                                                     .activity = "at its start"},
                                                    deadline);
  if (hello.protocol != worker_protocol_version) {
    throw Error(ErrorCode::worker,
                fmt::format("the worker {} speaks version {} of the protocol, this library version "
                            "{}. {}",
                            shown(command_), hello.protocol, worker_protocol_version,
                            options_.command.empty()
                                ? "Install both from one release, or set AUTOTUNE_WORKER to a "
                                  "worker of this one."
                                : "docs/worker_protocol.md says what it has to speak."));
  }
  const wire::Start start{.workload = options_.workload, .execution = execution};
  const auto started = process->call_for<wire::Started>({.type = "start",
                                                         .body = wire::encode(start),
                                                         .reply_type = "started",
                                                         .activity = "while loading the model"},
                                                        deadline);
  thins_runs_ = started.thins_runs;
  process_ = std::move(process);
}

Error WorkerClient::cannot_start(const WorkerFailure& failure, int starts) const {
  const std::string how_often = starts > 1 ? fmt::format(" {} times", starts) : "";
  return Error(
      ErrorCode::worker,
      fmt::format("the worker {} (protocol {}) failed{}: {}.\n{}", shown(command_),
                  worker_protocol_version, how_often, failure.what(),
                  options_.command.empty()
                      ? "Run it by hand to see more, or set AUTOTUNE_WORKER to another one."
                      : "autotune doctor --exec COMMAND says what is wrong with it."));
}

}  // namespace

std::unique_ptr<Workload> start_worker(const WorkerOptions& options) {
  return std::make_unique<WorkerClient>(options);
}

}  // namespace autotune
