#include "worker/process.hpp"

#include <fmt/format.h>
#include <signal.h>

#include "worker/last_words.hpp"

namespace autotune {
namespace {

using namespace std::chrono_literals;

constexpr auto exit_patience = 2s;  // LibTorch takes down a CUDA context in well under a second.
constexpr auto news_patience = 1s;  // From a closed pipe to the news of the process's end.
constexpr std::size_t quoted_bytes = 80;

TrialStatus status_of(const ProcessEnd& end) {
  return end.signal == SIGKILL ? TrialStatus::out_of_memory : TrialStatus::crashed;
}

std::string in_words(const ProcessEnd& end) {
  // Nobody but the system or a person sends it; the system does when memory runs out.
  return to_words(end) + (end.signal == SIGKILL ? ": the machine may be out of memory" : "");
}

}  // namespace

std::vector<std::string> command_of(const WorkerOptions& options) {
  if (!options.command.empty()) return options.command;
  return {find_worker(options.executable).string()};
}

WorkerProcess::WorkerProcess(const std::vector<std::string>& command,
                             std::uint64_t memory_limit_bytes)
    : WorkerProcess(start_child(command), memory_limit_bytes) {}

WorkerProcess::WorkerProcess(StartedChild child, std::uint64_t memory_limit_bytes)
    : process_(std::move(child.process)),
      channel_({.input = std::move(child.pipes.output),
                .output = std::move(child.pipes.input),
                .log = std::move(child.pipes.log)}) {
  process_.offer_to_the_oom_killer();
  if (memory_limit_bytes > 0) process_.limit_memory(memory_limit_bytes);
}

WorkerProcess::~WorkerProcess() { static_cast<void>(close_and_wait()); }

std::optional<ProcessEnd> WorkerProcess::close_and_wait() {
  channel_.close_output();
  return process_.wait_for(exit_patience);
}

Json WorkerProcess::call(const Call& request, Timestamp deadline) {
  const Timestamp began = SteadyClock().now();
  const std::string line =
      wire::to_line({.id = ++last_id_, .type = request.type, .body = request.body});
  const ChannelStatus sent = channel_.send(line, deadline);
  if (sent == ChannelStatus::timed_out) hung(request, began);
  if (sent == ChannelStatus::too_long) {
    throw Error(ErrorCode::usage, fmt::format("a request of {} bytes is longer than the {} a "
                                              "worker takes; give fewer or shorter options",
                                              line.size(), max_message_bytes));
  }
  // A worker that went away before it read the request may still have said why: so read on.
  const Received received = channel_.receive(deadline);
  switch (received.status) {
    case ChannelStatus::ok:
      return body_of(request, received.line);
    case ChannelStatus::timed_out:
      hung(request, began);
    case ChannelStatus::too_long:
      garbage(request, fmt::format("a message of more than {} bytes", max_message_bytes));
    case ChannelStatus::half_message:
      gone(request, true);
    case ChannelStatus::closed:
      break;
  }
  gone(request, false);
}

Json WorkerProcess::body_of(const Call& request, const std::string& line) {
  wire::Message reply;
  try {
    reply = wire::parse_message(line);
  } catch (const Json::exception&) {
    garbage(request, "no JSON message: " + one_line(line, quoted_bytes));
  }
  if (reply.id != last_id_) {
    garbage(request, fmt::format("a reply to request {} instead of {}", reply.id, last_id_));
  }
  if (reply.type == "error") {
    wire::Failure failure;
    try {
      failure = wire::decode<wire::Failure>(reply.body);
    } catch (const Json::exception& error) {
      garbage(request, error.what());
    }
    throw Error(failure.code, failure.message);
  }
  if (reply.type == request.reply_type) return std::move(reply.body);
  garbage(request, fmt::format("'{}' instead of '{}'", one_line(reply.type, quoted_bytes),
                               request.reply_type));
}

void WorkerProcess::gone(const Call& request, bool half_message) {
  const std::string half = half_message ? "sent half a message and " : "";
  const auto end = process_.wait_for(news_patience);
  if (end) fail(request, Downfall::died, status_of(*end), half + in_words(*end));
  fail(request, Downfall::broke_protocol, TrialStatus::crashed, half + "closed its output");
}

void WorkerProcess::hung(const Call& request, Timestamp began) {
  fail(request, Downfall::hung, TrialStatus::timed_out,
       fmt::format("gave no answer within {:.1f} s", in_seconds(SteadyClock().now() - began)));
}

void WorkerProcess::garbage(const Call& request, const std::string& problem) {
  fail(request, Downfall::broke_protocol, TrialStatus::crashed,
       "broke the protocol with " + problem);
}

void WorkerProcess::fail(const Call& request, Downfall downfall, TrialStatus status,
                         const std::string& what) {
  const std::string words = last_words(channel_.log_tail());
  process_.kill();  // It is of no more use, and may be holding memory or the device.
  throw WorkerFailure(downfall, status,
                      fmt::format("the worker {} {}{}{}", what, request.activity,
                                  words.empty() ? "" : "; its last words: ", words));
}

}  // namespace autotune
