// A search decides by ratios: joules or kilojoules, milliseconds or seconds, the steps are the
// same.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <tuple>
#include <vector>

#include "search/replay/replay.hpp"

namespace autotune {

static void PrintTo(const SearcherEntry& entry, std::ostream* out) { *out << entry.name; }

namespace replay {
namespace {

/// What one unit of the table is in the searcher's.
struct Units {
  double energy = 1;
  double latency = 1;
};

/// What was asked, and what was answered in the table's units.
struct Course {
  std::vector<std::tuple<StepKind, Candidate, int>> steps;
  std::optional<Candidate> pick;
  std::optional<Candidate> reference;
  double joules_per_unit = 0;
};

/// Tells a searcher everything in other units, and keeps what it asks for.
class InUnits final : public Searcher {
 public:
  InUnits(std::unique_ptr<Searcher> searcher, Units units, Course& course)
      : searcher_(std::move(searcher)), units_(units), course_(course) {}

  std::optional<Step> ask() override {
    const auto step = searcher_->ask();
    if (step) course_.steps.emplace_back(step->kind, step->candidate, step->round);
    return step;
  }

  void tell(const Step& step, const Outcome& outcome) override {
    Outcome told = outcome;
    if (told.joules_per_unit) *told.joules_per_unit *= units_.energy;
    if (told.latency_ms) *told.latency_ms *= units_.latency;
    if (told.latency_p99_ms) *told.latency_p99_ms *= units_.latency;
    told.joules *= units_.energy;
    searcher_->tell(step, told);
  }

  [[nodiscard]] std::optional<Verdict> best() const override { return searcher_->best(); }

 private:
  std::unique_ptr<Searcher> searcher_;
  Units units_;
  Course& course_;
};

Course course(const Table& table, const ReplayOptions& options, Units units) {
  SearchOptions search{.seed = options.seed,
                       .incumbent = options.incumbent,
                       .max_latency_ms = options.limits.max_latency_ms,
                       .budget = options.budget,
                       .units_per_row = options.units_per_row};
  if (search.max_latency_ms) *search.max_latency_ms *= units.latency;
  if (search.budget.joules) *search.budget.joules *= units.energy;
  Course course;
  InUnits searcher(make_searcher(options.searcher, table.space(), search), units, course);
  static_cast<void>(replay(table, options, searcher));
  if (const auto verdict = searcher.best()) {
    course.pick = verdict->candidate;
    course.reference = verdict->reference;
    course.joules_per_unit = verdict->joules_per_unit / units.energy;
  }
  return course;
}

std::vector<Table> tables() {
  std::vector<Table> read;
  for (const char* file :
       {"planted/planted_03.csv", "planted/planted_17.csv", "vidur/a40_phi-2_rows664.csv",
        "zeus/v100_squad_bert_base_uncased_adamw.csv"}) {
    read.push_back(read_table(std::filesystem::path(RECORDED_TABLES) / file));
  }
  return read;
}

/// Probing as a GPU has it, and windows only, as a CPU with large batches has it.
std::vector<ReplayOptions> ways(std::string_view searcher, std::uint64_t seed) {
  const ReplayOptions probing{
      .searcher = std::string(searcher), .seed = seed, .budget = {.windows = 30}};
  ReplayOptions windows = probing;
  windows.charges.probe_seconds = 1;
  ReplayOptions joules = probing;
  joules.budget = {.joules = 20'000};
  return {probing, windows, joules};
}

class EverySearcher : public ::testing::TestWithParam<SearcherEntry> {
 protected:
  static void expect_same(Units units) {
    for (const Table& table : tables()) {
      for (std::uint64_t seed = 0; seed < 4; ++seed) {
        for (const ReplayOptions& options : ways(GetParam().name, seed)) {
          const Course plain = course(table, options, {});
          const Course scaled = course(table, options, units);
          ASSERT_FALSE(plain.steps.empty());
          EXPECT_EQ(scaled.steps, plain.steps) << "seed " << seed;
          EXPECT_EQ(scaled.pick, plain.pick);
          EXPECT_EQ(scaled.reference, plain.reference);
          EXPECT_NEAR(scaled.joules_per_unit, plain.joules_per_unit, 1e-9 * plain.joules_per_unit);
        }
      }
    }
  }
};

TEST_P(EverySearcher, GoesTheSameWayWhateverTheUnitOfEnergy) {
  for (const double scale : {1e-12, 1e12}) expect_same({.energy = scale});
}

TEST_P(EverySearcher, GoesTheSameWayWhateverTheUnitOfLatency) {
  for (const double scale : {1e-6, 1e6}) expect_same({.latency = scale});
}

INSTANTIATE_TEST_SUITE_P(Units, EverySearcher,
                         ::testing::ValuesIn(searchers().begin(), searchers().end()),
                         [](const auto& entry) { return std::string(entry.param.name); });

}  // namespace
}  // namespace replay
}  // namespace autotune
