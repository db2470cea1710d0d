#include <gmock/gmock.h>

#include "autotune/report.hpp"
#include "unit/report/example_result.hpp"

namespace autotune {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(TuneTable, ReadsAsDocumented) {
  EXPECT_EQ(
      table(example_result(), "/home/me/.cache/autotune/profiles/x.json"),
      R"(minilm on AMD EPYC (2 cores, avx2, avx512_vnni), energy: modelled (figures follow time; 65 W)
 measured 31 configurations in 52 s · 0.9 kJ spent · pays back after 4.1 M tokens
 budget: 60 s, 3.9 kJ

 config                                 mJ/token          ± 95 %   p99 ms   worst cosine
 bf16  prepacked  batch 28                 0.660   0.640 … 0.680     31.0        0.99998   best
 bf16  prepacked  batch 32  threads 2      0.670   0.650 … 0.690     35.9        0.99998   tie
 fp32  plain      batch 32                 1.310   1.271 … 1.349     69.4              1   what you run now
 fp32  plain      batch  1                 3.310   3.211 … 3.409      7.7              1   baseline, fastest

 saves 50 % against what you run now (48 … 52 %)
 saves 80 % against fp32 at batch 1 (79 … 81 %)
 int8 prepacked batch 30 would save 60 % at cosine 0.99550, relative L2 0.073: --min-cosine 0.995 adopts it
 set-up: fp32 plain 0.50 s, bf16 prepacked 0.12 s (export 15 s)
 not usable: 1 out_of_memory, 1 inaccurate
 fp8 plain not tried: needs a GPU of sm_89 or later
 note: only 3 windows each
 profile: /home/me/.cache/autotune/profiles/x.json (quick: run --effort standard before you publish a figure)
)");
}

TEST(TuneTable, ChoosesThePrefixByTheBest) {
  TuneResult result = example_result();
  result.best.measurement->joules_per_unit = 12.3e-6;
  EXPECT_THAT(table(result, ""), AllOf(HasSubstr("µJ/token"), HasSubstr(" 12.3 ")));
  result.best.measurement->joules_per_unit = 4.56;
  EXPECT_THAT(table(result, ""), AllOf(HasSubstr(" J/token"), HasSubstr(" 4.56 ")));
}

TEST(TuneTable, SaysThatModelledEnergyFollowsTime) {
  TuneResult result = example_result();
  EXPECT_THAT(table(result, ""), HasSubstr("energy: modelled (figures follow time; 65 W)\n"));
  result.meter = {.source = EnergySource::rapl, .claimable = true};
  EXPECT_THAT(table(result, ""),
              AllOf(HasSubstr("energy: rapl (scope cpu_package)\n"), Not(HasSubstr("modelled"))));
}

TEST(TuneTable, RanksByTimeAndClaimsNoSavingWithoutJoules) {
  TuneResult result = example_result();
  result.meter = {};
  result.best.measurement->joules_per_unit.reset();
  result.best.measurement->ci95.reset();
  for (Baseline& baseline : result.baselines) baseline.trial.measurement->joules_per_unit.reset();
  result.lossy_best.reset();
  const std::string text = table(result, "");
  EXPECT_THAT(text, AllOf(HasSubstr("µs/token"), HasSubstr("none read"), Not(HasSubstr("saves")),
                          Not(HasSubstr("J/token"))));
}

TEST(TuneTable, ShowsADashWhereNothingWasMeasured) {
  TuneResult result = example_result();
  result.best.measurement->ci95.reset();
  result.best.accuracy.reset();
  EXPECT_THAT(table(result, ""), HasSubstr("–     31.0              –   best"));
}

TEST(TuneTable, SaysThatTheIncumbentIsTheBest) {
  TuneResult result = example_result();
  result.baselines[0].trial = result.best;
  EXPECT_THAT(table(result, ""), AllOf(HasSubstr("best, what you run now"),
                                       HasSubstr("what you run now is the best already")));
}

TEST(TuneTable, SaysThatASavingIsNotToldApart) {
  TuneResult result = example_result();
  result.baselines[0].saving = 0.01;
  result.baselines[0].saving_ci95 = Interval{-0.01, 0.03};
  EXPECT_THAT(table(result, ""),
              HasSubstr("saves 1 % against what you run now (-1 … 3 %: not told apart)"));
}

TEST(TuneTable, NamesTheL2FlagWhereTheCosineFlagIsNotEnough) {
  TuneResult result = example_result();
  result.lossy_best->accuracy->relative_l2 = 0.1234;
  EXPECT_THAT(table(result, ""), HasSubstr("--min-cosine 0.995 --max-relative-l2 0.124 adopts"));
  result.lossy_best->accuracy->worst_cosine = 1;
  EXPECT_THAT(table(result, ""), HasSubstr(": --max-relative-l2 0.124 adopts"));
}

TEST(TuneTable, NeverRoundsACosineUpToOne) {
  TuneResult result = example_result();
  result.best.accuracy->worst_cosine = 0.9999999;
  EXPECT_THAT(table(result, ""), HasSubstr("0.99999   best"));
}

TEST(TuneTable, SaysThatATuneWasCutShort) {
  TuneResult result = example_result();
  result.complete = false;
  EXPECT_THAT(table(result, ""), AllOf(HasSubstr("cut short"), Not(HasSubstr("--resume"))));
}

TEST(TuneTable, NamesTheWayToGoOnWhereATuneWasStopped) {
  TuneResult result = example_result();
  result.complete = false;
  result.resumable = true;
  EXPECT_THAT(table(result, ""), HasSubstr("to go on: the same command with --resume"));
}

TEST(TrialTable, ReadsAsDocumented) {
  const TuneResult result = example_result();
  EXPECT_EQ(table(result.best, result.workload, result.meter),
            R"(minilm batch=28,precision=bf16,layout=prepacked
 energy      0.660 mJ/token (0.640 … 0.680), modelled (figures follow time; 65 W)
 latency     p50 29.4 ms, p99 31.0 ms per iteration
 throughput  30.3 k tokens/s
 power       20.0 W
 peak memory 512 MiB
 measured in 3 windows, 120 iterations
 accuracy    worst cosine 0.99998, relative L2 0.005 over 128 rows; coverage 100 %
 set-up      0.12 s (export 15 s)
)");
}

TEST(TrialTable, WarnsOfAnArmThatIsMostlyNotInItsPrecision) {
  TuneResult result = example_result();
  const auto text = [&] { return table(result.best, result.workload, result.meter); };
  result.best.accuracy->coverage = 0.5;
  EXPECT_THAT(text(), ::testing::Not(HasSubstr("warning")));
  result.best.accuracy->coverage = 0.42;
  EXPECT_THAT(text(), HasSubstr("warning     42 % of the matrix FLOPs is less than the 50 %"));
}

TEST(TrialTable, GivesTheReasonOfAFailure) {
  const TuneResult result = example_result();
  EXPECT_EQ(
      table(result.trials.back(), result.workload, result.meter),
      "minilm batch=128,precision=fp32,layout=plain\n status      out_of_memory: bad_alloc\n");
}

TEST(ProfileTable, ReadsAsDocumented) {
  Profile profile = make_profile(example_result());
  profile.created = "2026-01-02T03:04:05Z";
  profile.path = "/p/x.json";
  EXPECT_EQ(table(profile), R"(minilm on AMD EPYC, energy: modelled (figures follow time; 65 W)
 128 rows of int64[batch,32], 14.5 tokens each
 tuned 2026-01-02T03:04:05Z, effort quick, 6 points

 config                      mJ/token          ± 95 %   p99 ms   worst cosine
 bf16  prepacked  batch 28      0.660   0.640 … 0.680     31.0        0.99998   best
 fp32  plain      batch 32      1.310   1.271 … 1.349     69.4              1   what you run now
 fp32  plain      batch  1      3.310   3.211 … 3.409      7.7              1   baseline, fastest
 int8  prepacked  batch 30      0.524   0.508 … 0.540     25.0        0.99550   outside the accuracy limits

 config: batch=28,precision=bf16,layout=prepacked
 profile: /p/x.json
)");
}

}  // namespace
}  // namespace autotune
