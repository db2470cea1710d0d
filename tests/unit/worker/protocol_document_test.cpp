#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>

#include "worker/messages.hpp"

namespace autotune {
namespace {

/// Every line of the document that is a message.
std::vector<std::string> documented_messages() {
  std::vector<std::string> lines;
  std::ifstream document(WORKER_PROTOCOL_DOCUMENT);
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("{\"id\"")) lines.push_back(line);
  }
  return lines;
}

template <typename Value>
Json again(const Json& body) {
  return wire::encode(wire::decode<Value>(body));
}

TEST(ProtocolDocument, ShowsMessagesExactlyAsTheyAreSent) {
  const std::map<std::string, std::function<Json(const Json&)>> known = {
      {"hello", again<wire::Hello>},       {"start", again<wire::Start>},
      {"description", again<Description>}, {"prepare", again<PrepareRequest>},
      {"prepared", again<Prepared>},       {"run", again<RunRequest>},
      {"ran", again<RunResult>},           {"error", again<wire::Failure>},
  };
  const auto lines = documented_messages();
  ASSERT_GE(lines.size(), 14u);
  for (const std::string& line : lines) {
    wire::Message message = wire::parse_message(line);
    if (known.contains(message.type)) message.body = known.at(message.type)(message.body);
    EXPECT_EQ(wire::to_line(message), line);
  }
}

}  // namespace
}  // namespace autotune
