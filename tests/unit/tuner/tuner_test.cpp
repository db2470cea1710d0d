#include "autotune/tuner.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "autotune/error.hpp"
#include "support/synthetic_workload.hpp"

namespace autotune {
namespace {

using ::testing::Contains;
using ::testing::Each;
using testing::FakeClock;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::SyntheticMeter;
using testing::SyntheticWorkload;

const Arm fp32;
const Arm bf16{.precision = Precision::bf16};
const Arm fp16{.precision = Precision::fp16};

/// Seconds per iteration: a fixed cost, a cost per row, and a cliff of 30 % above 24 rows.
double seconds(const Config& config) {
  const double speed = config.arm.precision == Precision::bf16 ? 0.5 : 1;
  const double cliff = config.batch > 24 ? 1.3 : 1;
  return speed * cliff * (0.004 + 0.001 * config.batch);
}

class TunerTest : public ::testing::Test {
 protected:
  void workload(std::vector<Arm> arms, SyntheticWorkload::Behaviour behaviour) {
    workload_ = std::make_unique<SyntheticWorkload>(clock_, std::move(arms), std::move(behaviour));
    meters_.clear();
    auto meter = std::make_unique<SyntheticMeter>(clock_, *workload_);
    meter_ = meter.get();
    meters_.push_back(std::move(meter));
  }

  TuneResult run() { return tune(*workload_, meters_, clock_, options_); }

  [[nodiscard]] double regret(const Config& pick, const std::vector<Arm>& arms) const {
    double best = std::numeric_limits<double>::infinity();
    for (const Arm& arm : arms) {
      for (int b = options_.min_batch; b <= options_.max_batch; ++b) {
        best = std::min(best, workload_->true_joules_per_unit({b, arm}));
      }
    }
    return workload_->true_joules_per_unit(pick) / best - 1;
  }

  FakeClock clock_;
  std::unique_ptr<SyntheticWorkload> workload_;
  std::vector<std::unique_ptr<EnergyMeter>> meters_;
  SyntheticMeter* meter_ = nullptr;
  TuneOptions options_{.max_batch = 64, .effort = Effort::quick};
};

TEST_F(TunerTest, FindsTheOptimumBeforeACliff) {
  workload({fp32, bf16}, {.seconds = seconds});
  options_.budget.seconds = 300;
  const TuneResult result = run();
  EXPECT_EQ(to_string(result.best.config), "batch=24,precision=bf16,layout=plain");
  EXPECT_TRUE(result.complete);
}

TEST_F(TunerTest, IsWithinTenPercentOfTheOptimumInAMinuteOfNoisyWindows) {
  workload({fp32, bf16}, {.seconds = seconds, .noise_cv = 0.02});
  const TuneResult result = run();
  EXPECT_LT(regret(result.best.config, {fp32, bf16}), 0.10);
  EXPECT_LE(result.spent.seconds, 62);
}

TEST_F(TunerTest, MeasuresTheIncumbentBeforeAnythingElse) {
  workload({fp32, bf16}, {.seconds = seconds});
  options_.baseline = Config{13, bf16};
  const TuneResult result = run();
  EXPECT_EQ(workload_->calls().at(0), "prepare precision=bf16,layout=plain");
  EXPECT_EQ(workload_->calls().at(1), "run batch=13,precision=bf16,layout=plain");
  EXPECT_EQ(result.baselines.at(0).name, "incumbent");
}

TEST_F(TunerTest, SavingIsThatOfTheTrialsWithinItsInterval) {
  workload({fp32, bf16}, {.seconds = seconds, .noise_cv = 0.01});
  const TuneResult result = run();
  for (const Baseline& baseline : result.baselines) {
    const double truth = 1 - workload_->true_joules_per_unit(result.best.config) /
                                 workload_->true_joules_per_unit(baseline.trial.config);
    EXPECT_NEAR(baseline.saving, truth, 0.05) << baseline.name;
  }
}

TEST_F(TunerTest, AnInaccurateArmIsMeasuredButNeverTheBest) {
  workload({fp32, bf16}, {.seconds = seconds, .accuracy = [](const Arm& arm) {
                            return arm == bf16
                                       ? Accuracy{.worst_cosine = 0.995, .relative_l2 = 0.07}
                                       : Accuracy{};
                          }});
  const TuneResult result = run();
  EXPECT_EQ(result.best.config.arm, fp32);
  ASSERT_TRUE(result.lossy_best.has_value());
  EXPECT_EQ(result.lossy_best->config.arm, bf16);
  EXPECT_EQ(result.lossy_best->status, TrialStatus::inaccurate);
  EXPECT_THAT(result.lossy_best->reason, HasSubstr("0.99500"));
  // Enough to show what it would save; the rest of the time is the answer's.
  EXPECT_LE(std::ranges::count_if(result.trials,
                                  [](const Trial& trial) { return trial.config.arm == bf16; }),
            8);
}

TEST_F(TunerTest, AModelWhoseAccuracyPassRunsOutOfMemoryIsComparedWithFewerRows) {
  workload({fp32}, {.seconds = seconds, .most_accuracy_rows = 1});
  const TuneResult result = run();
  EXPECT_EQ(result.best.status, TrialStatus::ok);
  EXPECT_TRUE(result.best.accuracy.has_value());
}

TEST_F(TunerTest, EveryTrialSaysWhatItsArmCostToSetUp) {
  workload({fp32, bf16}, {.seconds = seconds, .prepare_seconds = 0.75});
  const TuneResult result = run();
  for (const Trial& trial : result.trials) {
    ASSERT_TRUE(trial.set_up.has_value()) << to_string(trial.config);
    EXPECT_EQ(trial.set_up->seconds, 0.75);
  }
}

TEST_F(TunerTest, AnArmFarOutsideTheLimitsIsNotMeasured) {
  workload({fp32, bf16}, {.seconds = seconds, .accuracy = [](const Arm& arm) {
                            return arm == bf16 ? Accuracy{.worst_cosine = 0.5} : Accuracy{};
                          }});
  const TuneResult result = run();
  EXPECT_FALSE(result.lossy_best.has_value());
  EXPECT_THAT(workload_->calls(),
              Not(::testing::Contains(HasSubstr("run batch=1,precision=bf16"))));
}

TEST_F(TunerTest, AnArmThatHardlyReachesItsPrecisionIsUnsupported) {
  workload({fp32, bf16}, {.seconds = seconds, .accuracy = [](const Arm& arm) {
                            return arm == bf16
                                       ? Accuracy{.coverage = 0.4,
                                                  .uncovered = {{"bmm", 0.6, "it has no weight"}}}
                                       : Accuracy{};
                          }});
  const TuneResult result = run();
  EXPECT_EQ(result.best.config.arm, fp32);
  ASSERT_EQ(result.workload.unsupported.size(), 1U);
  EXPECT_EQ(result.workload.unsupported[0].precision, Precision::bf16);
  EXPECT_THAT(result.workload.unsupported[0].reason, HasSubstr("only 40 %"));
  EXPECT_THAT(result.workload.unsupported[0].reason, HasSubstr("60 % bmm: it has no weight"));
  options_.constraints.min_coverage = 0.3;
  EXPECT_TRUE(run().workload.unsupported.empty());
}

TEST_F(TunerTest, KeepsWithinTheLatencyLimit) {
  workload({fp32, bf16}, {.seconds = seconds});
  options_.constraints.max_latency_ms = 9;
  const TuneResult result = run();
  EXPECT_LE(result.best.measurement->latency_p99_ms, 9);
  EXPECT_GE(result.best.config.batch, 10);
}

TEST_F(TunerTest, SaysTheClosestMissWhenNothingMeetsTheLimits) {
  workload({fp32}, {.seconds = seconds});
  options_.constraints.max_latency_ms = 0.5;
  try {
    (void)run();
    FAIL() << "found something";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::constraints);
    EXPECT_THAT(error.what(), HasSubstr("batch=1,precision=fp32"));
    EXPECT_THAT(error.what(), HasSubstr("p99 5 ms"));
  }
}

TEST_F(TunerTest, GoesOnAfterAnArmThatCrashes) {
  workload({fp32, bf16, fp16}, {.seconds = seconds, .status = [](const Config& config) {
                                  return config.arm == fp16  ? TrialStatus::crashed
                                         : config.batch > 40 ? TrialStatus::out_of_memory
                                                             : TrialStatus::ok;
                                }});
  options_.budget.seconds = 300;
  const TuneResult result = run();
  EXPECT_EQ(result.best.config.batch, 24);
  EXPECT_TRUE(std::ranges::any_of(result.trials, [](const Trial& trial) {
    return trial.status == TrialStatus::crashed && trial.reason == "made to fail";
  }));
}

TEST_F(TunerTest, AnInterruptionKeepsTheBestSoFarAndSaysIncomplete) {
  workload({fp32, bf16}, {.seconds = seconds});
  options_.stop_requested = [&] { return workload_->calls().size() > 12; };
  const TuneResult result = run();
  EXPECT_FALSE(result.complete);
  EXPECT_FALSE(result.resumable) << "no journal was kept";
  EXPECT_TRUE(result.best.measurement.has_value());
  EXPECT_THAT(result.warnings, Each(Not(HasSubstr("budget"))));
  EXPECT_THAT(result.warnings, Contains(HasSubstr("the tune was stopped before")));
}

TEST_F(TunerTest, AMeterThatStopsReadingIsNeverZeroEnergy) {
  workload({fp32}, {.seconds = seconds});
  meter_->fails = true;
  EXPECT_THROW((void)run(), Error);
}

TEST_F(TunerTest, KnowsTheBestArmAtEveryPowerOfTwoForALookUpUnderALatencyLimit) {
  workload({fp32, bf16}, {.seconds = seconds});
  const TuneResult result = run();
  std::vector<int> measured;
  for (const Trial& trial : result.trials) {
    if (trial.config.arm == result.best.config.arm && trial.measurement)
      measured.push_back(trial.config.batch);
  }
  EXPECT_THAT(measured, ::testing::IsSupersetOf({1, 2, 4, 8, 16, 32, 64}));
}

TEST_F(TunerTest, LooksFirstWhereAnEarlierTuneFoundTheBest) {
  workload({fp32, bf16}, {.seconds = seconds});
  options_.earlier_trials = [](const WorkloadId& id) {
    EXPECT_EQ(id.name, "synthetic");
    Trial trial{.config = {37, bf16}};
    trial.measurement.emplace().joules_per_unit = 1;
    return std::vector{trial};
  };
  const TuneResult result = run();
  EXPECT_THAT(result.trials,
              ::testing::Contains(::testing::Field(&Trial::config, Config{37, bf16})));
  EXPECT_EQ(result.best.config.batch, 24);
}

TEST_F(TunerTest, ABatchThatDoesNotFitIsATrialAndTheSearchSaysWhyItEnded) {
  workload({fp32}, {.seconds = seconds, .status = [](const Config& config) {
                      return config.batch > 40 ? TrialStatus::out_of_memory : TrialStatus::ok;
                    }});
  const TuneResult result = run();
  EXPECT_LE(result.best.config.batch, 40);
  EXPECT_THAT(result.trials,
              ::testing::Contains(::testing::Field(&Trial::status, TrialStatus::out_of_memory)));
  EXPECT_FALSE(result.search_ended.empty());
  EXPECT_GT(result.search_seconds, 0);
  EXPECT_LT(result.search_seconds, result.spent.seconds);
}

TEST_F(TunerTest, TellsWhatItSpentAndWhenThatPaysBack) {
  workload({fp32, bf16}, {.seconds = seconds});
  const TuneResult result = run();
  EXPECT_NEAR(result.spent.joules, workload_->joules(), workload_->joules() * 0.01);
  const double saved = *result.baselines.at(0).trial.measurement->joules_per_unit -
                       *result.best.measurement->joules_per_unit;
  EXPECT_NEAR(*result.pays_back_after_units, result.spent.joules / saved, 1);
}

TEST_F(TunerTest, RefusesPrecisionsThatCannotRunNamingWhy) {
  workload({fp32}, {.seconds = seconds});
  workload_->description().unsupported.push_back(
      {Precision::fp16, Layout::plain, "no AVX512-FP16"});
  options_.precisions = {Precision::fp16};
  try {
    (void)run();
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no AVX512-FP16"));
  }
}

TEST_F(TunerTest, TriesEveryArmWithTheThreadsThatAreNamed) {
  workload({fp32, bf16}, {.seconds = seconds});
  options_.threads = {1, 1};
  options_.budget.seconds = 300;
  const auto arms = arms_to_try(workload_->describe(), options_);
  std::vector<std::string> names;
  for (const Arm& arm : arms) names.push_back(to_string(arm));
  EXPECT_THAT(names, ::testing::ElementsAre("precision=fp32,layout=plain,threads=1",
                                            "precision=bf16,layout=plain,threads=1"));
  const TuneResult result = run();
  for (const Arm& arm : arms) {
    EXPECT_THAT(result.trials, ::testing::Contains(::testing::Truly([&](const Trial& trial) {
                  return trial.config.arm == arm && trial.measurement.has_value();
                })))
        << to_string(arm);
  }
  EXPECT_EQ(to_string(result.best.config), "batch=24,precision=bf16,layout=plain,threads=1");
}

TEST_F(TunerTest, RefusesThreadsThatThisProcessMayNotUse) {
  workload({fp32}, {.seconds = seconds});
  for (const int count : {0, -1, 1 << 15}) {
    options_.threads = {1, count};
    EXPECT_THAT([&] { (void)run(); },
                ::testing::ThrowsMessage<Error>(HasSubstr("threads cannot be tried")))
        << count;
  }
}

TEST_F(TunerTest, StaysAtTheOnlyBatchAModelTakes) {
  workload({fp32, bf16}, {.seconds = seconds});
  workload_->description().max_batch = 1;
  EXPECT_EQ(run().best.config.batch, 1);
  options_.min_batch = 4;
  EXPECT_THROW((void)run(), Error);
}

TEST_F(TunerTest, LowersAnEffortThatTheBudgetCannotHoldAndSaysSo) {
  workload({fp32}, {.seconds = seconds});
  options_.effort = Effort::full;
  options_.budget.seconds = 120;
  const TuneResult result = run();
  EXPECT_EQ(result.effort, Effort::standard);
  EXPECT_THAT(result.warnings, ::testing::Contains(HasSubstr("120 s cannot hold")));
}

/// Time is stolen all the while.
class StealingWatch final : public Watch {
 public:
  [[nodiscard]] Circumstances read() override {
    stolen_ += std::chrono::seconds(1);
    return {.stolen = stolen_};
  }

 private:
  std::chrono::nanoseconds stolen_{0};
};

/// A card that nears 60 °C with a time constant of 10 s.
class WarmingWatch final : public Watch {
 public:
  explicit WarmingWatch(FakeClock& clock) : clock_(clock) {}
  [[nodiscard]] Circumstances read() override {
    return {.temperature_c = 60 - 30 * std::exp(-in_seconds(clock_.now()) / 10)};
  }

 private:
  FakeClock& clock_;
};

TEST_F(TunerTest, WarmsTheCardInOneStepWithTheLargestBatch) {
  workload({fp32, bf16}, {.seconds = seconds});
  WarmingWatch watch(clock_);
  options_.watch = &watch;
  options_.effort = Effort::standard;
  std::vector<std::string> steps, warmed_with;
  options_.on_event = [&](const TuneEvent& event) {
    if (steps.empty()) warmed_with = workload_->calls();
    steps.push_back(event.type);
  };
  (void)run();
  EXPECT_EQ(std::ranges::count(steps, "soak"), 1);
  EXPECT_EQ(steps.front(), "soak");
  EXPECT_EQ(warmed_with.back(), "run batch=64,precision=fp32,layout=plain");
}

TEST_F(TunerTest, WarnsOfWhatDisturbedItThroughout) {
  workload({fp32}, {.seconds = seconds});
  StealingWatch watch;
  options_.watch = &watch;
  EXPECT_THAT(run().warnings, ::testing::Contains(HasSubstr("stolen_time in")));
}

TEST_F(TunerTest, EndsTheRaceOnceTheFinalistsAreToldApart) {
  workload({fp32, bf16}, {.seconds = seconds, .noise_cv = 0.001});
  options_.effort = Effort::standard;
  const TuneResult result = run();
  // The first look is after five rounds; the budget would hold all twelve.
  EXPECT_EQ(result.best.measurement->windows.size(), 5U);
  EXPECT_TRUE(result.complete);
  EXPECT_LT(result.spent.seconds, 300);
}

TEST_F(TunerTest, GivesFinalistsTheIntervalOfTheWholeRace) {
  workload({fp32, bf16}, {.seconds = seconds, .noise_cv = 0.01});
  options_.effort = Effort::standard;
  const TuneResult result = run();
  const Measurement& best = *result.best.measurement;
  const double truth = workload_->true_joules_per_unit(result.best.config);
  ASSERT_TRUE(best.ci95.has_value());
  EXPECT_LT(best.ci95->low, truth);
  EXPECT_GT(best.ci95->high, truth);
  EXPECT_LT(best.ci95->high / best.ci95->low, 1.05);
}

TEST_F(TunerTest, ConfirmsTheSavingInBlocksAtFullEffort) {
  workload({fp32, bf16}, {.seconds = seconds});
  options_.effort = Effort::full;
  const TuneResult result = run();
  const Baseline& baseline = result.baselines.front();
  const double truth = 1 - workload_->true_joules_per_unit(result.best.config) /
                               workload_->true_joules_per_unit(baseline.trial.config);
  EXPECT_NEAR(baseline.saving, truth, 1e-9);
  EXPECT_EQ(result.effort, Effort::full);
  EXPECT_TRUE(result.complete);
  // Five blocks of each, run before their windows: the last call but one is such a block.
  EXPECT_EQ(workload_->calls().back(), "run " + to_string(baseline.trial.config));
}

}  // namespace
}  // namespace autotune
