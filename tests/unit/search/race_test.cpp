#include "search/race.hpp"

#include <gmock/gmock.h>

#include <map>

namespace autotune {
namespace {

using Truth = std::function<double(const Candidate&)>;

/// Runs the race to its end; how many windows each had.
std::map<Candidate, int> run(Race& race, const Truth& joules, double scatter) {
  std::mt19937_64 generator(4);
  std::normal_distribution<double> noise(0, scatter);
  std::map<Candidate, int> windows;
  while (const auto next = race.next()) {
    ++windows[*next];
    race.tell(*next, {.joules_per_unit = joules(*next) * std::exp(noise(generator))});
  }
  return windows;
}

TEST(Race, DropsTheWorseAndKeepsTheBest) {
  const Candidate good{0, 8}, close{0, 16}, bad{1, 8};
  Race race({good, close, bad}, {.max_rounds = 20});
  const auto windows = run(
      race, [&](const Candidate& c) { return c == bad     ? 1.3
                                             : c == close ? 1.005
                                                          : 1.0; }, 0.01);
  EXPECT_EQ(windows.at(bad), 5);  // The first look.
  EXPECT_GE(windows.at(good), 8);
  EXPECT_EQ(race.entrants()[*race.compare().best()].batch, race.compare().best() == 0u ? 8 : 16);
  EXPECT_FALSE(race.racing(bad));
}

TEST(Race, MeasuresEveryEntrantOnceARoundWithArmsAsBlocks) {
  Race race({{0, 1}, {1, 1}, {0, 2}, {1, 2}, {2, 1}}, {.seed = 9, .max_rounds = 4});
  std::vector<std::size_t> arms;
  std::map<int, int> per_round;
  while (const auto next = race.next()) {
    arms.push_back(next->arm);
    ++per_round[race.round()];
    race.tell(*next, {.joules_per_unit = 1});
  }
  EXPECT_THAT(per_round, ::testing::ElementsAre(std::pair{1, 5}, std::pair{2, 5}, std::pair{3, 5},
                                                std::pair{4, 5}));
  int switches = 0;
  for (std::size_t i = 1; i < arms.size(); ++i) switches += arms[i] != arms[i - 1];
  EXPECT_EQ(switches, 8);  // Two a round: it begins in the arm in which the last one ended.
}

TEST(Race, LeavesOutWhoFailsAndWhoIsDropped) {
  Race race({{0, 1}, {0, 2}, {0, 3}}, {.max_rounds = 3});
  std::map<Candidate, int> windows;
  while (const auto next = race.next()) {
    ++windows[*next];
    const bool fails = next->batch == 2;
    race.tell(*next,
              fails ? Outcome{.status = TrialStatus::crashed} : Outcome{.joules_per_unit = 1});
    if (next->batch == 3) race.drop({0, 3});
  }
  EXPECT_EQ(windows[(Candidate{0, 2})], 1);
  EXPECT_EQ(windows[(Candidate{0, 3})], 1);
  EXPECT_EQ(race.left(), 1u);
}

TEST(Race, LetsLateEntrantsInWithTheNextRound) {
  Race race({{0, 1}, {0, 2}}, {.max_rounds = 2});
  race.tell(*race.next(), {.joules_per_unit = 1});
  race.add({0, 3});
  std::vector<int> batches;
  while (const auto next = race.next()) {
    if (race.round() == 2) batches.push_back(next->batch);
    race.tell(*next, {.joules_per_unit = 1});
  }
  EXPECT_THAT(batches, ::testing::UnorderedElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace autotune
