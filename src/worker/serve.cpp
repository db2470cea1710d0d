#include "worker/serve.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <new>

#include "autotune/error.hpp"
#include "platform/heap.hpp"
#include "platform/line_channel.hpp"
#include "worker/messages.hpp"

namespace autotune {
namespace {

pid_t parent = 0;

/// The system sends SIGHUP when the parent's *thread* that started us ends; only the end of the
/// whole parent is meant. Nothing here but what a signal handler may do.
extern "C" void on_parent_signal(int) {
  if (::getppid() != parent) ::_exit(1);
}

void end_with_parent() {
  parent = ::getppid();
  struct sigaction action {};
  action.sa_handler = on_parent_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGHUP, &action, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGHUP);
}

FileDescriptor private_copy(int descriptor) {
  return FileDescriptor{::fcntl(descriptor, F_DUPFD_CLOEXEC, 3)};
}

/// The wire moves to descriptors that nobody else knows; stdin is empty, stdout goes to stderr.
LineChannel take_over_standard_streams() {
  LineChannel::Ends ends{
      .input = private_copy(STDIN_FILENO), .output = private_copy(STDOUT_FILENO), .log = {}};
  const FileDescriptor nothing{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  return LineChannel{std::move(ends)};
}

/// A workload's own failure is a trial that did not work, not a broken worker.
template <typename Result, typename Function>
Result as_trial(const Function& function) {
  try {
    return function();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc& error) {
    return {.status = TrialStatus::out_of_memory, .reason = error.what()};
  } catch (const std::exception& error) {
    return {.status = TrialStatus::crashed, .reason = error.what()};
  }
}

class Server {
 public:
  explicit Server(const MakeWorkload& make) : make_(make) {}

  [[nodiscard]] wire::Message answer(const wire::Message& request);

 private:
  [[nodiscard]] wire::Message reply(const wire::Message& request);
  void start(const wire::Start& start);
  [[nodiscard]] Workload& workload() const;

  MakeWorkload make_;
  std::unique_ptr<Workload> workload_;
};

wire::Message Server::answer(const wire::Message& request) {
  wire::Failure failure;
  try {
    wire::Message message = reply(request);
    message.id = request.id;
    return message;
  } catch (const Error& error) {
    failure = {error.code(), error.what()};
  } catch (const Json::exception& error) {
    failure = {ErrorCode::worker,
               fmt::format("the worker cannot read '{}': {}", request.type, error.what())};
  } catch (const std::exception& error) {
    failure = {ErrorCode::model, fmt::format("the model cannot be loaded: {}", error.what())};
  }
  return {.id = request.id, .type = "error", .body = encode(failure)};
}

wire::Message Server::reply(const wire::Message& request) {
  if (request.type == "hello") return {.type = "hello", .body = encode(wire::Hello{})};
  if (request.type == "start") {
    start(wire::decode<wire::Start>(request.body));
    return {.type = "started", .body = wire::encode(wire::Started{.thins_runs = true})};
  }
  if (request.type == "describe") {
    return {.type = "description", .body = wire::encode(workload().describe())};
  }
  if (request.type == "prepare") {
    const auto asked = wire::decode<PrepareRequest>(request.body);
    return {.type = "prepared",
            .body = wire::encode(as_trial<Prepared>([&] { return workload().prepare(asked); }))};
  }
  if (request.type == "run") {
    const auto asked = wire::decode<RunRequest>(request.body);
    const auto result = as_trial<RunResult>([&] { return workload().run(asked); });
    return {.type = "ran",
            .body = wire::encode_at_most(request.body.value("most_completions", 0), result)};
  }
  throw Error(ErrorCode::worker,
              fmt::format("the worker knows no request '{}': install worker and library from one "
                          "release",
                          request.type));
}

void Server::start(const wire::Start& start) {
  if (start.execution.retained_heap) retain_heap();
  workload_ = make_(start.workload);
}

Workload& Server::workload() const {
  if (workload_) return *workload_;
  throw Error(ErrorCode::worker, "the worker has loaded no model: send 'start' first");
}

/// False once nobody listens.
bool send(LineChannel& channel, const wire::Message& reply) {
  ChannelStatus sent = channel.send(wire::to_line_replacing(reply), std::nullopt);
  if (sent == ChannelStatus::too_long) {
    const wire::Failure failure{
        ErrorCode::worker,
        fmt::format("a '{}' is longer than the {} bytes of a message: ask for a shorter run",
                    reply.type, max_message_bytes)};
    sent = channel.send(
        wire::to_line({.id = reply.id, .type = "error", .body = wire::encode(failure)}),
        std::nullopt);
  }
  return sent == ChannelStatus::ok;
}

int protocol_error(const char* problem) {
  std::fprintf(stderr, "autotune-worker: %s. It is a part of autotune, which starts it.\n",
               problem);
  return 1;
}

}  // namespace

int serve(const MakeWorkload& make) {
  end_with_parent();
  LineChannel channel = take_over_standard_streams();
  Server server{make};
  for (;;) {
    const Received received = channel.receive(std::nullopt);
    if (received.status == ChannelStatus::closed) return 0;
    if (received.status != ChannelStatus::ok) return protocol_error("stdin holds half a message");
    wire::Message request;
    try {
      request = wire::parse_message(received.line);
    } catch (const Json::exception& error) {
      return protocol_error(error.what());
    }
    if (!send(channel, server.answer(request))) return 0;
  }
}

}  // namespace autotune
