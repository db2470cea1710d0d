#include "search/replay/charges.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "search/replay/in_order_sweep.hpp"
#include "search/replay/replay.hpp"

namespace autotune::replay {
namespace {

using ::testing::DoubleNear;
using ::testing::Optional;

constexpr Noise silence{.sigma = 0, .rho = 0, .drift = 0, .latency = 0};
constexpr double failed_watts = 200;  // The mean of the table's power.

/// a draws 100 W at batch 1 and 200 W at 2, b 300 W.
Table table() {
  return Table::parse(
      "arm,batch,latency_ms,joules_per_unit,status,peak_memory_bytes\n"
      "a,1,10,1,ok,100\na,2,10,1,ok,200\nb,1,10,3,ok,150\nb,2,,,out_of_memory,\n",
      "t");
}

/// Takes the steps it was given and keeps what came of them.
class Scripted final : public Searcher {
 public:
  explicit Scripted(std::vector<Step> steps) : steps_(std::move(steps)) {}

  std::optional<Step> ask() override {
    if (outcomes.size() == steps_.size()) return std::nullopt;
    return steps_[outcomes.size()];
  }
  void tell(const Step&, const Outcome& outcome) override { outcomes.push_back(outcome); }
  std::optional<Verdict> best() const override { return verdict; }

  std::vector<Outcome> outcomes;
  std::optional<Verdict> verdict;

 private:
  std::vector<Step> steps_;
};

Step step(StepKind kind, std::size_t arm, int batch, double seconds = 0) {
  return {.kind = kind, .candidate = {arm, batch}, .seconds = seconds};
}

constexpr StepKind fit = StepKind::fit, probe = StepKind::probe, window = StepKind::window;

TEST(Charges, PayForWindowsFailuresAndProbes) {
  const Charges charges;
  EXPECT_DOUBLE_EQ(seconds_of({.kind = window}, false, charges), 1.5);
  EXPECT_DOUBLE_EQ(seconds_of({.kind = probe}, false, charges), 0.1);
  EXPECT_DOUBLE_EQ(seconds_of({.kind = fit}, false, charges), 0.1);
  for (const auto kind : {window, probe, fit}) {
    EXPECT_DOUBLE_EQ(seconds_of({.kind = kind}, true, charges), 2);
  }
}

TEST(Charges, CountALongWindowAsThoseItReplaces) {
  const Charges charges;
  const Step long_one = step(window, 0, 1, 4.2);
  EXPECT_EQ(windows_of(long_one, charges), 5);
  EXPECT_DOUBLE_EQ(seconds_of(long_one, false, charges), 5.5);
  EXPECT_EQ(windows_of(step(window, 0, 1, 0.3), charges), 1);
  EXPECT_EQ(windows_of(step(probe, 0, 1, 5), charges), 0);
  EXPECT_EQ(windows_of(step(window, 0, 1, 3), {.window_seconds = 0.1}), 30);
}

TEST(Charges, AddUpOverARunInSecondsAndJoules) {
  Scripted searcher({step(window, 0, 1), step(probe, 0, 2), step(window, 1, 1), step(fit, 1, 2),
                     step(window, 0, 2, 3)});
  const Spent spent = replay(table(), {.noise = silence}, searcher).spent;
  EXPECT_EQ(spent.windows, 1 + 1 + 3);
  EXPECT_EQ(spent.probes, 1);
  EXPECT_EQ(spent.fits, 1);
  EXPECT_DOUBLE_EQ(spent.seconds, 1.5 + 0.1 + (8 + 1.5) + 2 + (8 + 3.5));
  EXPECT_NEAR(spent.joules, 1.5 * 100 + 0.1 * 200 + 9.5 * 300 + 2 * failed_watts + 11.5 * 200,
              1e-9);
}

TEST(Charges, AreToldToTheSearcher) {
  Scripted searcher({step(window, 0, 1), step(window, 1, 1)});
  const Spent spent = replay(table(), {.noise = silence}, searcher).spent;
  EXPECT_DOUBLE_EQ(searcher.outcomes[0].seconds, 1.5);
  EXPECT_DOUBLE_EQ(searcher.outcomes[1].seconds, 9.5);
  EXPECT_DOUBLE_EQ(searcher.outcomes[0].joules + searcher.outcomes[1].joules, spent.joules);
}

TEST(Charges, OfOneWindowForAFailureHoweverLongItWasToBe) {
  Scripted searcher({step(window, 1, 2, 10)});
  const Spent spent = replay(table(), {}, searcher).spent;
  EXPECT_EQ(spent.windows, 1);
  EXPECT_DOUBLE_EQ(spent.seconds, 2);
}

TEST(Charges, OfASweepEndAtTheFirstFailureOfAnArm) {
  const Spent spent = sweep_cost(table(), {});
  EXPECT_EQ(spent.windows, 4);
  EXPECT_EQ(spent.out_of_memory, 1);
  EXPECT_DOUBLE_EQ(spent.seconds, 3 * 1.5 + 8 + 2);
  EXPECT_NEAR(spent.joules, 1.5 * (100 + 200) + 9.5 * 300 + 2 * failed_watts, 1e-9);
}

TEST(Steps, GiveWhatTheirKindGives) {
  Scripted searcher({step(fit, 0, 1), step(probe, 0, 1), step(window, 0, 1), step(fit, 1, 2)});
  (void)replay(table(), {.noise = silence}, searcher);
  const Outcome& fitted = searcher.outcomes[0];
  const Outcome& probed = searcher.outcomes[1];
  const Outcome& measured = searcher.outcomes[2];
  const Outcome& failed = searcher.outcomes[3];
  EXPECT_THAT(fitted.peak_memory_bytes, Optional(100u));
  EXPECT_FALSE(fitted.latency_ms);
  EXPECT_THAT(probed.latency_ms, Optional(10.0));
  EXPECT_THAT(probed.latency_p99_ms, Optional(10.0));
  EXPECT_FALSE(probed.joules_per_unit);
  EXPECT_THAT(measured.joules_per_unit, Optional(1.0));
  EXPECT_EQ(failed.status, TrialStatus::out_of_memory);
  EXPECT_FALSE(failed.peak_memory_bytes);
}

TEST(Steps, CountFailuresThatAnEarlierOneImplied) {
  Scripted searcher({step(fit, 1, 2), step(window, 1, 2), step(window, 1, 1)});
  const Spent spent = replay(table(), {}, searcher).spent;
  EXPECT_EQ(spent.out_of_memory, 2);
  EXPECT_EQ(spent.repeated_out_of_memory, 1);
}

TEST(Limits, EndARunBeforeTheStepThatWouldExceedThem) {
  const std::vector<Step> steps{step(window, 0, 1), step(window, 0, 2), step(window, 1, 1)};
  const auto taken = [&](const SearchBudget& budget) {
    Scripted searcher(steps);
    const ReplayResult result = replay(table(), {.budget = budget}, searcher);
    EXPECT_EQ(result.stopped_by_limit, searcher.outcomes.size() < steps.size());
    return searcher.outcomes.size();
  };
  EXPECT_EQ(taken({}), 3u);
  EXPECT_EQ(taken({.windows = 2}), 2u);
  EXPECT_EQ(taken({.seconds = 3}), 2u);  // Exactly two windows.
  EXPECT_EQ(taken({.seconds = 12.4}), 2u);
  EXPECT_EQ(taken({.seconds = 12.5}), 3u);
  EXPECT_EQ(taken({.joules = 449}), 1u);
  EXPECT_EQ(taken({.joules = 450}), 2u);
}

TEST(Limits, HoldATenthOfASecondTenTimes) {
  Scripted searcher(std::vector<Step>(20, step(probe, 0, 1)));
  EXPECT_EQ(replay(table(), {.budget = {.seconds = 1}}, searcher).spent.probes, 10);
}

TEST(InOrderSweep, CostsWhatIsSaidBeforehandAndFindsTheBestWithoutNoise) {
  const Table truth = table();
  const auto sweep = make_in_order_sweep(truth.space(), {});
  const ReplayResult result = replay(truth, {.noise = silence}, *sweep);
  const Spent said = sweep_cost(truth, {});
  EXPECT_EQ(result.regret, 0);
  EXPECT_EQ(result.spent.windows, 4);
  EXPECT_EQ(said.windows, 4);
  EXPECT_DOUBLE_EQ(result.spent.seconds, said.seconds);
  EXPECT_DOUBLE_EQ(result.spent.joules, said.joules);
  EXPECT_EQ(result.spent.out_of_memory, said.out_of_memory);
}

TEST(Ratios, AreJudgedByTheTable) {
  Scripted searcher({step(window, 0, 2)});
  searcher.verdict = Verdict{.candidate = {0, 2},
                             .joules_per_unit = 1.1,
                             .reference = Candidate{1, 1},
                             .ratio = Ratio{.value = 0.4, .ci95 = {0.3, 0.5}}};
  const ReplayResult result = replay(table(), {}, searcher);
  EXPECT_THAT(result.true_ratio, Optional(DoubleNear(1.0 / 3, 1e-12)));
  EXPECT_THAT(result.reference, Optional(Candidate{1, 1}));
}

}  // namespace
}  // namespace autotune::replay
