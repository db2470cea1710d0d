#include "autotune/prior.hpp"

#include <gmock/gmock.h>

namespace autotune {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Arm fp32{Precision::fp32};
const Arm bf16{Precision::bf16};

Trial trial(const Arm& arm, int batch, double joules, double half_width = 0) {
  Trial made{.config = {batch, arm}, .measurement = Measurement{.joules_per_unit = joules}};
  if (half_width > 0) made.measurement->ci95 = Interval{joules - half_width, joules + half_width};
  return made;
}

SearchSpace both_arms() {
  std::vector<int> batches(128);
  for (int i = 0; i < 128; ++i) batches[static_cast<std::size_t>(i)] = i + 1;
  return {{{to_string(bf16), batches}, {to_string(fp32), batches}}};
}

TEST(PriorFrom, TakesTheBatchesAfterWhichTheEnergyJumps) {
  const std::vector<Trial> trials{trial(fp32, 65, 1.3),  trial(fp32, 64, 1.0),
                                  trial(fp32, 32, 1.1),  trial(fp32, 96, 1.32),
                                  trial(bf16, 48, 0.50), trial(bf16, 64, 0.6)};
  EXPECT_THAT(prior_from(trials, both_arms()).edges, ElementsAre(48, 64));
}

TEST(PriorFrom, TakesNoJumpWithinTheIntervals) {
  const std::vector<Trial> noisy{trial(fp32, 64, 1.0, 0.1), trial(fp32, 65, 1.1, 0.1)};
  EXPECT_THAT(prior_from(noisy, both_arms()).edges, IsEmpty());
  const std::vector<Trial> sure{trial(fp32, 64, 1.0, 0.01), trial(fp32, 65, 1.1, 0.01)};
  EXPECT_THAT(prior_from(sure, both_arms()).edges, ElementsAre(64));
}

TEST(PriorFrom, TakesTheFiveBestOfBothArmsInOrder) {
  std::vector<Trial> trials;
  for (int batch = 10; batch <= 80; batch += 10) trials.push_back(trial(fp32, batch, 10.0 / batch));
  trials.push_back(trial(bf16, 7, 0.13));
  EXPECT_THAT(prior_from(trials, both_arms()).promising,
              ElementsAre(Candidate{1, 80}, Candidate{0, 7}, Candidate{1, 70}, Candidate{1, 60},
                          Candidate{1, 50}));
}

TEST(PriorFrom, PassesOverFailuresAndWhatTheSpaceLacks) {
  Trial crashed = trial(fp32, 16, 0.01);
  crashed.status = TrialStatus::crashed;
  Trial unmeasured{.config = {8, fp32}};
  const std::vector<Trial> trials{crashed, unmeasured, trial(Arm{Precision::fp16}, 16, 0.1),
                                  trial(fp32, 1000, 0.2), trial(fp32, 4, 0.3)};
  EXPECT_THAT(prior_from(trials, both_arms()).promising, ElementsAre(Candidate{1, 4}));
}

TEST(PriorFrom, IsEmptyWithoutTrials) {
  const SearchPrior prior = prior_from({}, both_arms());
  EXPECT_THAT(prior.edges, IsEmpty());
  EXPECT_THAT(prior.promising, IsEmpty());
}

}  // namespace
}  // namespace autotune
