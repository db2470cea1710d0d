// Whatever is in a journal's file, resuming goes on from whole records or ends in an error.
#include <gtest/gtest.h>

#include <fstream>

#include "autotune/error.hpp"
#include "fakes/file_tree.hpp"
#include "journal/journal.hpp"
#include "journal/step_json.hpp"
#include "support/mutate.hpp"

namespace autotune {
namespace {

constexpr int spoilt_files = 3'000;
constexpr int spoilt_steps = 20'000;

Json header_of_all() {
  return {{"name", "a"}, {"workload", {{"name", "a"}}}, {"device", {{"id", "cpu"}}}};
}

Json window_step() {
  Window window;
  window.latencies_ms = {1.5, 1.6};
  window.units = 32;
  window.seconds = 0.003;
  window.joules_per_unit = 0.001;
  window.energy = {{EnergyScope::cpu_package, EnergySource::rapl, 0.001}};
  window.flags = {"stolen_time"};
  return {{"step", "window"}, {"config", Config{}}, {"result", window}};
}

TEST(JournalUnderFuzz, GoesOnFromWholeRecordsOrEndsInAnError) {
  const testing::FileTree tree;
  const auto path = Journal::begin(tree.root(), header_of_all()).path();
  {
    std::vector<std::string> ignored;
    Journal journal = Journal::resume(tree.root(), header_of_all(), ignored);
    for (int i = 0; i < 4; ++i) journal.append(window_step());
  }
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  testing::Mutator mutator({content}, 20261125);
  int resumed = 0;
  for (int i = 0; i < spoilt_files; ++i) {
    std::ofstream(path, std::ios::binary) << mutator.next();
    std::vector<std::string> warnings;
    try {
      Journal journal = Journal::resume(tree.root(), header_of_all(), warnings);
      int steps = 0;
      for (; journal.next_finished() != nullptr; journal.take_finished()) {
        EXPECT_EQ(*journal.next_finished(), window_step());
        ++steps;
      }
      ASSERT_LE(steps, 8);  // Whole records may have been doubled, never made up.
      ++resumed;
    } catch (const Error&) {
    }
  }
  EXPECT_GT(resumed, spoilt_files / 10);
  EXPECT_LT(resumed, spoilt_files);
}

TEST(StepsUnderFuzz, AreReadOrRefused) {
  Prepared prepared{.set_up = {.seconds = 0.5, .export_seconds = 15}};
  const Json done = prepared;
  testing::Mutator mutator({window_step().at("result").dump(), done.dump()}, 7);
  int read = 0;
  for (int i = 0; i < spoilt_steps; ++i) {
    const Json json = Json::parse(mutator.next(), nullptr, false);
    try {
      static_cast<void>(
          Json(json.get<Window>()).dump(-1, ' ', false, Json::error_handler_t::replace));
      ++read;
    } catch (const Json::exception&) {
    } catch (const Error&) {
    }
    try {
      static_cast<void>(json.get<Prepared>());
    } catch (const Json::exception&) {
    } catch (const Error&) {
    }
  }
  EXPECT_GT(read, spoilt_steps / 100);
}

}  // namespace
}  // namespace autotune
