#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "autotune/trial.hpp"
#include "autotune/worker.hpp"
#include "platform/child_process.hpp"
#include "platform/line_channel.hpp"
#include "worker/messages.hpp"

namespace autotune {

/// How a worker stopped being of use.
enum class Downfall { died, hung, broke_protocol };

/// A worker that cannot go on; its process is to be given up.
class WorkerFailure : public std::runtime_error {
 public:
  WorkerFailure(Downfall downfall, TrialStatus status, const std::string& reason)
      : std::runtime_error(reason), downfall_(downfall), status_(status) {}
  [[nodiscard]] Downfall downfall() const noexcept { return downfall_; }
  [[nodiscard]] TrialStatus status() const noexcept { return status_; }

 private:
  Downfall downfall_;
  TrialStatus status_;
};

/// A request and what to say of it in a message.
struct Call {
  std::string type;
  Json body = Json::object();
  std::string reply_type;
  std::string activity;  ///< E.g. `while loading the model`.
};

/// The program and arguments that `options` name: another engine, else our worker.
/// @throws Error (worker) if ours is nowhere
[[nodiscard]] std::vector<std::string> command_of(const WorkerOptions& options);

/// One worker process, from its start to its end. The destructor ends it.
class WorkerProcess {
 public:
  /// @param command a program and its arguments
  /// @param memory_limit_bytes of its data; 0: none
  WorkerProcess(const std::vector<std::string>& command, std::uint64_t memory_limit_bytes);
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  ~WorkerProcess();

  /// Sends the request and gives the reply's body.
  /// @throws WorkerFailure if there is no proper reply by the deadline
  /// @throws Error if the worker replies with one
  [[nodiscard]] Json call(const Call& request, Timestamp deadline);

  /// The reply as a value; one that lacks fields is a failure like any other.
  template <typename Value>
  [[nodiscard]] Value call_for(const Call& request, Timestamp deadline) {
    const Json body = call(request, deadline);
    try {
      return wire::decode<Value>(body);
    } catch (const Json::exception& error) {
      garbage(request, error.what());
    }
  }

  /// Tells it that no more requests come; how it ended, if it did so soon.
  [[nodiscard]] std::optional<ProcessEnd> close_and_wait();

  /// False if it has died or said something that nobody asked for.
  [[nodiscard]] bool ready() const { return channel_.quiet(); }

 private:
  [[nodiscard]] Json body_of(const Call& request, const std::string& line);
  [[noreturn]] void gone(const Call& request, bool half_message);
  [[noreturn]] void hung(const Call& request, Timestamp began);
  [[noreturn]] void garbage(const Call& request, const std::string& problem);
  [[noreturn]] void fail(const Call& request, Downfall downfall, TrialStatus status,
                         const std::string& what);

  WorkerProcess(StartedChild child, std::uint64_t memory_limit_bytes);

  ChildProcess process_;
  LineChannel channel_;
  std::int64_t last_id_ = 0;
};

}  // namespace autotune
