// Whatever a worker sends is a message or an exception: nothing else, in any build.
#include <gtest/gtest.h>

#include <fstream>
#include <type_traits>

#include "support/mutate.hpp"
#include "worker/messages.hpp"

namespace autotune {
namespace {

constexpr int spoilt_messages = 30'000;

/// The exchange of docs/worker_protocol.md.
std::vector<std::string> exchanged_lines() {
  std::ifstream document(WORKER_PROTOCOL_DOCUMENT);
  std::vector<std::string> lines;
  for (std::string line; std::getline(document, line);) {
    if (line.rfind("{\"id\"", 0) == 0) lines.push_back(line);
  }
  return lines;
}

/// Reads the body as everything it could be taken for.
template <typename... Values>
int read_as_each(const Json& body) {
  int read = 0;
  const auto read_as = [&]<typename Value>(std::type_identity<Value>) {
    try {
      // What was read can be written.
      static_cast<void>(wire::to_line_replacing({.body = wire::encode(wire::decode<Value>(body))}));
      ++read;
    } catch (const Json::exception&) {
    }
  };
  (read_as(std::type_identity<Values>{}), ...);
  return read;
}

TEST(MessagesUnderFuzz, AreReadOrRefused) {
  const std::vector<std::string> lines = exchanged_lines();
  ASSERT_GE(lines.size(), 14u);
  testing::Mutator mutator(lines, 20261125);
  int refused = 0, read = 0;
  for (int i = 0; i < spoilt_messages; ++i) {
    try {
      const wire::Message message = wire::parse_message(mutator.next());
      read += read_as_each<wire::Hello, wire::Start, Description, PrepareRequest, Prepared,
                           RunRequest, RunResult, wire::Failure>(message.body);
    } catch (const Json::exception&) {
      ++refused;
    }
  }
  // Both ways were gone: the spoilt ones are neither all broken nor all whole.
  EXPECT_GT(refused, spoilt_messages / 10);
  EXPECT_GT(read, spoilt_messages / 100);
}

}  // namespace
}  // namespace autotune
