#include <gmock/gmock.h>

#include <numeric>

#include "drive.hpp"
#include "search/hybrid/candidates.hpp"
#include "search/hybrid/latency_curve.hpp"
#include "search/hybrid/memory_frontier.hpp"

namespace autotune {
namespace {

/// What a search for the edges of all arms took.
struct EdgeSearch {
  std::vector<int> edges;
  int fits = 0;
  int out_of_memory = 0;
};

using Peak = std::function<double(std::size_t arm, int batch)>;

EdgeSearch find_edges(const SearchSpace& space, double capacity, const Peak& peak,
                      double tolerance = 0, bool tells_memory = true) {
  const Grid grid(space);
  MemoryFrontier frontier(grid, std::nullopt);
  EdgeSearch found;
  for (std::size_t arm = 0; arm < grid.arms(); ++arm) {
    while (const auto point = frontier.next(arm, tolerance)) {
      Outcome outcome;
      const double bytes = peak(arm, grid.batch(*point));
      if (bytes > capacity) {
        outcome.status = TrialStatus::out_of_memory;
        ++found.out_of_memory;
      } else if (tells_memory) {
        outcome.peak_memory_bytes = static_cast<std::uint64_t>(bytes);
      }
      ++found.fits;
      EXPECT_LT(found.fits, 1000);
      frontier.learn(*point, outcome);
    }
    found.edges.push_back(grid.batch(*frontier.largest_fit(arm)));
  }
  return found;
}

double line(std::size_t arm, int batch) {
  return (10.0 + 3 * static_cast<double>(arm)) * 1e9 +
         (20.0 + 9 * static_cast<double>(arm)) * 1e6 * batch;
}

// Each failure costs a time limit: memory, which says that all of it fits, is not believed.
TEST(MemoryFrontier, BisectsWhereLargerBatchesHang) {
  const Grid grid(space_of({"a"}, 128));
  MemoryFrontier frontier(grid, std::nullopt);
  int hung = 0;
  while (const auto point = frontier.next(0, 0.02)) {
    Outcome outcome{.peak_memory_bytes = 100'000'000u + 1000u * *point};
    if (grid.batch(*point) >= 20) {
      outcome = {.status = TrialStatus::timed_out};
      ++hung;
    }
    frontier.learn(*point, outcome);
  }
  EXPECT_EQ(grid.batch(*frontier.largest_fit(0)), 19);
  EXPECT_LE(hung, 7);
}

TEST(MemoryFrontier, FindsTheEdgesOfExactLinesWithFewFailures) {
  const auto found = find_edges(space_of({"a", "b", "c", "d", "e"}, 4096), 50e9, line, 0.02);
  const int edges[] = {2000, 1275, 894, 659, 500};
  for (std::size_t arm = 0; arm < 5; ++arm) {
    EXPECT_LE(found.edges[arm], edges[arm]);
    EXPECT_GE(found.edges[arm], 0.98 * edges[arm]);
  }
  EXPECT_LE(found.out_of_memory, 7);  // 1.5 an arm.
}

TEST(MemoryFrontier, FindsTheExactEdgesWhereItMust) {
  const auto found = find_edges(space_of({"a", "b", "c"}, 4096), 50e9, line);
  EXPECT_THAT(found.edges, ::testing::ElementsAre(2000, 1275, 894));
}

TEST(MemoryFrontier, FailsNowhereWhereEverythingFits) {
  const auto found = find_edges(space_of({"a", "b"}, 1024), 500e9, line);
  EXPECT_THAT(found.edges, ::testing::ElementsAre(1024, 1024));
  EXPECT_EQ(found.out_of_memory, 0);
  EXPECT_LE(found.fits, 12);
}

TEST(MemoryFrontier, BisectsWherePeaksAreNotTold) {
  const auto found = find_edges(space_of({"a"}, 1024), 30e9, line, 0, false);
  EXPECT_THAT(found.edges, ::testing::ElementsAre(1000));
  EXPECT_LE(found.fits, 20);
}

// Allocators round up, by so much here that the line through two small batches is useless.
TEST(MemoryFrontier, DoesNotCreepWhereTheLineIsWrong) {
  const auto found =
      find_edges(space_of({"a", "b", "c"}, 1024), 40e9, [](std::size_t arm, int batch) {
        return std::ceil(line(arm, batch) / 1e9) * 1e9 + (batch > 300 ? 8e9 : 0);
      });
  EXPECT_LE(found.out_of_memory, 15);
}

TEST(MemoryFrontier, NeedsNoFailureToKeepAUsersLimit) {
  const Grid grid(space_of({"a"}, 1000));
  MemoryFrontier frontier(grid, std::uint64_t{20'000'000'000});
  while (const auto point = frontier.next(0, 0)) {
    const double bytes = line(0, grid.batch(*point));
    EXPECT_LE(bytes, 20e9);
    frontier.learn(*point, {.peak_memory_bytes = static_cast<std::uint64_t>(bytes)});
  }
  EXPECT_EQ(grid.batch(*frontier.largest_fit(0)), 500);
  EXPECT_FALSE(frontier.may_fit(*grid.find({0, 501})));
}

TEST(LatencyCurve, LiesBetweenItsKnownNeighbours) {
  const Grid grid(space_of({"a", "b"}, 100));
  LatencyCurve curve(grid);
  EXPECT_FALSE(curve.at(*grid.find({0, 50})).has_value());
  curve.learn(*grid.find({0, 40}), 4, 4.5);
  curve.learn(*grid.find({0, 60}), 8, std::nullopt);
  const auto guess = *curve.at(*grid.find({0, 50}));
  EXPECT_NEAR(guess.low, std::log(4), 0.01);
  EXPECT_NEAR(guess.high, std::log(8), 0.01);
  EXPECT_NEAR(guess.chance_of_low, 0.45, 0.01);  // A clear jump, and half of the way is left.
  EXPECT_FALSE(curve.at(*grid.find({1, 50})).has_value());
  EXPECT_NEAR(*curve.p99_ms(*grid.find({0, 40})), 4.5, 1e-9);
  EXPECT_FALSE(curve.p99_ms(*grid.find({0, 60})).has_value());
}

TEST(LatencyCurve, LearnsItsScatterFromRepeats) {
  const Grid grid(space_of({"a"}, 10));
  LatencyCurve curve(grid);
  for (int i = 0; i < 40; ++i) curve.learn(3, i % 2 ? 1.05 : 0.95, std::nullopt);
  EXPECT_NEAR(curve.scatter(), 0.05, 0.006);
  EXPECT_NEAR(curve.at(3)->variance, curve.scatter() * curve.scatter() / 40, 1e-12);
}

TEST(Candidates, EndWholeTilesOfTokens) {
  const Grid grid(space_of({"a"}, 100));
  const auto points = edge_points(grid, 0, *grid.find({0, 100}), 7, {33});
  std::vector<int> batches;
  for (const std::size_t point : points) batches.push_back(grid.batch(point));
  EXPECT_THAT(batches, ::testing::IsSupersetOf({73, 36, 64, 32, 33, 100}));  // 512 / 7, 256 / 7
  EXPECT_TRUE(std::ranges::is_sorted(batches));
}

TEST(Candidates, StayWithinASpaceWithGaps) {
  SearchSpace space;
  space.arms.push_back({"a", {3, 17, 40, 41, 96}});
  const Grid grid(space);
  for (const std::size_t point : edge_points(grid, 0, 4, 1, {})) EXPECT_LT(point, grid.size());
}

TEST(Grid, FindsWhatItHasAndNothingElse) {
  SearchSpace space;
  space.arms.push_back({"a", {4, 8}});
  space.arms.push_back({"b", {5}});
  const Grid grid(space);
  EXPECT_EQ(grid.candidate(*grid.find({1, 5})), (Candidate{1, 5}));
  EXPECT_FALSE(grid.find({1, 8}).has_value());
  EXPECT_FALSE(grid.find({2, 5}).has_value());
  EXPECT_FALSE(grid.at_most(0, 3).has_value());
  EXPECT_EQ(grid.batch(*grid.at_most(0, 7)), 4);
}

}  // namespace
}  // namespace autotune
