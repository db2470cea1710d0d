#include "autotune/conformance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>

#include "autotune/error.hpp"
#include "worker/messages.hpp"
#include "worker/process.hpp"

namespace autotune {
namespace {

/// What a worker got wrong.
class Finding : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

void require(bool holds, const std::string& finding) {
  if (!holds) throw Finding(finding);
}

Timestamp in(double seconds) {
  return SteadyClock().now() + std::chrono::nanoseconds(std::llround(seconds * 1e9));
}

/// Asks a worker process as the tuner does.
class Examiner {
 public:
  explicit Examiner(const WorkerOptions& options)
      : options_(options), command_(command_of(options)) {}

  std::vector<ConformanceCheck> examine();

 private:
  void check(const std::string& what, const std::function<void()>& work);
  void restart(const Execution& execution);
  void examine_arms();
  void examine_times();
  void examine_units();
  void examine_refusals();
  void examine_end();
  [[nodiscard]] RunResult run(const RunRequest& request);
  template <typename Value>
  [[nodiscard]] Value ask(const std::string& type, const Json& body, const std::string& reply) {
    return process().call_for<Value>(
        {.type = type, .body = body, .reply_type = reply, .activity = "asked to " + type},
        in(seconds_for(type)));
  }
  [[nodiscard]] double seconds_for(const std::string& type) const {
    if (type == "describe") return options_.start_seconds;
    if (type == "prepare") return options_.prepare_seconds;
    return type == "run" ? options_.first_run_seconds : options_.reply_seconds;
  }
  [[nodiscard]] WorkerProcess& process() {
    require(process_ != nullptr, "the worker was not there any more");
    return *process_;
  }

  const WorkerOptions& options_;
  std::vector<std::string> command_;
  std::unique_ptr<WorkerProcess> process_;
  Description description_;
  std::vector<ConformanceCheck> checks_;
};

std::vector<ConformanceCheck> Examiner::examine() {
  process_ = std::make_unique<WorkerProcess>(command_, options_.memory_limit_bytes);
  check("answers hello with its version of the protocol", [&] {
    const auto hello = ask<wire::Hello>("hello", wire::encode(wire::Hello{}), "hello");
    require(hello.protocol == worker_protocol_version,
            fmt::format("it speaks version {}, not {}", hello.protocol, worker_protocol_version));
  });
  if (!checks_.back().passed) return checks_;
  check("loads the model at start", [&] { restart({}); });
  if (!checks_.back().passed) return checks_;
  check("describes the workload, FP32 among its arms", [&] {
    description_ = ask<Description>("describe", Json::object(), "description");
    const WorkloadId& id = description_.id;
    require(!id.name.empty() && !id.unit.empty() && !id.fingerprint.empty(),
            fmt::format("name '{}', unit '{}', fingerprint '{}': none may be empty", id.name,
                        id.unit, id.fingerprint));
    require(std::ranges::any_of(description_.arms,
                                [](const Arm& arm) { return arm.precision == Precision::fp32; }),
            "there is no FP32 arm to judge the others against");
  });
  if (!checks_.back().passed) return checks_;
  examine_arms();
  examine_times();
  examine_units();
  examine_refusals();
  examine_end();
  return checks_;
}

void Examiner::check(const std::string& what, const std::function<void()>& work) {
  ConformanceCheck check{.what = what};
  try {
    work();
    check.passed = true;
  } catch (const WorkerFailure& failure) {
    process_.reset();
    check.finding = failure.what();
  } catch (const std::exception& error) {
    check.finding = error.what();
  }
  checks_.push_back(std::move(check));
}

/// A process that holds no arm, with the knobs that `execution` names.
void Examiner::restart(const Execution& execution) {
  process_ = std::make_unique<WorkerProcess>(command_, options_.memory_limit_bytes);
  static_cast<void>(ask<wire::Hello>("hello", wire::encode(wire::Hello{}), "hello"));
  const wire::Start start{.workload = options_.workload, .execution = execution};
  static_cast<void>(process_->call({.type = "start",
                                    .body = wire::encode(start),
                                    .reply_type = "started",
                                    .activity = "asked to start"},
                                   in(options_.start_seconds)));
}

void Examiner::examine_arms() {
  for (const Arm& arm : description_.arms) {
    check(fmt::format("prepares {} in a process of its own, and runs it", to_string(arm)), [&] {
      restart(arm.execution);
      const auto prepared =
          ask<Prepared>("prepare", wire::encode(PrepareRequest{.arm = arm}), "prepared");
      require(prepared.status == TrialStatus::ok,
              fmt::format("it is {}: {}. What cannot be prepared belongs in `unsupported`",
                          to_string(prepared.status), prepared.reason));
      require(prepared.accuracy.rows > 0, "its accuracy was asked for, and no rows were compared");
      if (arm.precision == Precision::fp32) {
        require(prepared.accuracy.worst_cosine > 0.9999,
                fmt::format("FP32 has cosine {} against FP32", prepared.accuracy.worst_cosine));
      }
      require(run({.min_iterations = 1}).peak_memory_bytes > 0, "its peak memory is 0 bytes");
    });
  }
}

RunResult Examiner::run(const RunRequest& request) {
  const auto result = ask<RunResult>("run", wire::encode(request), "ran");
  require(result.status == TrialStatus::ok,
          fmt::format("a run of batch {} is {}: {}", request.batch, to_string(result.status),
                      result.reason));
  return result;
}

void Examiner::examine_times() {
  check("runs no fewer iterations than asked for, and none after its seconds", [&] {
    const auto iterations = run({.min_iterations = 3}).completions.size();
    require(iterations == 3, fmt::format("3 at least and 0 s: {} were run", iterations));
    const RunResult longer = run({.seconds = 0.3});
    const double end = in_seconds(longer.completions.back() - longer.start);
    require(end >= 0.3, fmt::format("0.3 s: it ended after {:.3f} s", end));
    if (longer.completions.size() < 2) return;
    const double last = in_seconds(longer.completions.end()[-2] - longer.start);
    require(last < 0.3, fmt::format("0.3 s: one was begun after {:.3f} s", last));
  });
  check("runs no more iterations than allowed", [&] {
    const auto most = run({.seconds = 5, .max_iterations = 2}).completions.size();
    require(most == 2, fmt::format("2 at most and 5 s: {} were run", most));
  });
  check("times are those of CLOCK_MONOTONIC", [&] {
    const Timestamp sent = SteadyClock().now();
    const RunResult result = run({.min_iterations = 2});
    const Timestamp received = SteadyClock().now();
    require(result.start >= sent && result.completions.back() <= received,
            fmt::format("the run was asked for at {} ns and answered at {} ns; it says {} to {}",
                        sent.count(), received.count(), result.start.count(),
                        result.completions.back().count()));
  });
}

void Examiner::examine_units() {
  check("counts the units of the rows that ran, which go round", [&] {
    const auto units = [&](int batch, int first_row) {
      return run({.batch = batch, .first_row = first_row}).units.at(0);
    };
    const double one = units(1, 0), other = units(1, 1 % description_.rows);
    const int two_at_once = description_.max_batch == 1 ? 1 : 2;
    const double expected = two_at_once == 1 ? one : one + other;
    const double both = units(two_at_once, 0);
    require(std::abs(both - expected) < 1e-9 * std::max(1.0, expected),
            fmt::format("rows 0 and 1 have {} and {} alone, {} in one batch", one, other, both));
    const double again = units(1, description_.rows);
    require(std::abs(again - one) < 1e-9 * std::max(1.0, one),
            fmt::format("row {} is row 0 again, and has {} units instead of {}", description_.rows,
                        again, one));
  });
}

void Examiner::examine_refusals() {
  check("refuses what it does not know with an error, and stays", [&] {
    try {
      static_cast<void>(process().call(
          {.type = "walk", .reply_type = "walked", .activity = "asked for what nobody knows"},
          in(options_.reply_seconds)));
    } catch (const Error&) {
      static_cast<void>(run({}));
      return;
    }
    throw Finding("it answered a request that does not exist");
  });
  if (description_.max_batch > 0) {
    check("a batch beyond its largest is a status, not a crash", [&] {
      const RunRequest beyond{.batch = description_.max_batch + 1};
      try {
        const auto result = ask<RunResult>("run", wire::encode(beyond), "ran");
        require(result.status != TrialStatus::ok,
                fmt::format("it ran a batch of {}", beyond.batch));
      } catch (const Error&) {
        // An error that says why does as well.
      }
      restart(description_.arms.front().execution);
    });
  }
}

void Examiner::examine_end() {
  check("ends when its stdin closes", [&] {
    const auto end = process().close_and_wait();
    process_.reset();
    require(end.has_value(), "it was still there after 2 s");
    require(end->exit_status == 0, "it " + to_words(*end));
  });
}

}  // namespace

std::vector<ConformanceCheck> check_conformance(const WorkerOptions& options) {
  return Examiner(options).examine();
}

}  // namespace autotune
