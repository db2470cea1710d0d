#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "autotune/error.hpp"
#include "autotune/worker.hpp"
#include "vocabulary/json.hpp"

/// The messages between tuner and worker: docs/worker_protocol.md.
namespace autotune::wire {

/// One line on the wire: a request, or the reply with the same id.
struct Message {
  std::int64_t id = 0;
  std::string type;
  Json body = Json::object();
};

/// @throws Error (usage) if a text in it, such as a path, is not UTF-8
[[nodiscard]] std::string to_line(const Message& message);
/// As `to_line`, but bytes that are not UTF-8 are replaced: for words that only people read.
[[nodiscard]] std::string to_line_replacing(const Message& message);
/// @throws nlohmann::json::exception if it is no such message
[[nodiscard]] Message parse_message(std::string_view line);

struct Hello {
  int protocol = worker_protocol_version;
};

/// What a fresh worker is to load, and the knobs that its process needs before it does.
struct Start {
  WorkloadOptions workload;
  Execution execution;
};

/// The model is loaded.
struct Started {
  bool thins_runs = false;  ///< The worker keeps to `most_completions`.
};

/// An `Error` on its way to the parent.
struct Failure {
  ErrorCode code = ErrorCode::worker;
  std::string message;
};

[[nodiscard]] Json encode(const Hello& hello);
[[nodiscard]] Json encode(const Start& start);
[[nodiscard]] Json encode(const Started& started);
[[nodiscard]] Json encode(const Description& description);
[[nodiscard]] Json encode(const PrepareRequest& request);
[[nodiscard]] Json encode(const Prepared& prepared);
[[nodiscard]] Json encode(const RunRequest& request);
[[nodiscard]] Json encode(const RunResult& result);
/// At most so many of its iterations, and how many there were; 0: all of them.
[[nodiscard]] Json encode_at_most(int most, const RunResult& result);
[[nodiscard]] Json encode(const Failure& failure);

/// One of the types above from a message's body.
/// @throws nlohmann::json::exception if a field is missing, of another type or impossible
template <typename Value>
[[nodiscard]] Value decode(const Json& body);

}  // namespace autotune::wire
