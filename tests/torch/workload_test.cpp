#include <ATen/ops/randn.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <limits>

#include "models.hpp"

namespace autotune {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr Arm bf16{.precision = Precision::bf16};
constexpr Arm int8{.precision = Precision::int8, .layout = Layout::prepacked};

TEST(Prepare, ComparesFp32WithItselfAsEqual) {
  auto workload = workload_for("conv", "images");
  const Prepared prepared = workload.prepare({.arm = {}});
  EXPECT_EQ(prepared.status, TrialStatus::ok) << prepared.reason;
  EXPECT_EQ(prepared.accuracy.rows, 4);
  EXPECT_LT(prepared.accuracy.relative_l2, 1e-5);
}

TEST(Prepare, RunsBf16WithItsRoundingAndNoMore) {
  for (const auto& [model, inputs] : {std::pair{"mlp", "x16"},
                                      {"hard_coded_float", "x16"},
                                      {"integer_buffer", "x4"},
                                      {"conv", "images"},
                                      {"nested", "nested"},
                                      {"int_argument", "with_rate"}}) {
    auto workload = workload_for(model, inputs);
    const Prepared prepared = workload.prepare({.arm = bf16, .accuracy_batch = 4});
    EXPECT_EQ(prepared.status, TrialStatus::ok) << model << ": " << prepared.reason;
    EXPECT_TRUE(prepared.accuracy.finite) << model;
    EXPECT_GT(prepared.accuracy.relative_l2, 1e-5) << model << " did not run in BF16";
    EXPECT_LT(prepared.accuracy.relative_l2, 0.03) << model;
    EXPECT_GT(prepared.accuracy.worst_cosine, 0.999) << model;
  }
}

TEST(Prepare, RunsChannelsLastWithTheSameResults) {
  auto workload = workload_for("conv", "images");
  const Prepared prepared = workload.prepare({.arm = {.layout = Layout::channels_last}});
  EXPECT_EQ(prepared.status, TrialStatus::ok) << prepared.reason;
  EXPECT_LT(prepared.accuracy.relative_l2, 1e-5);
}

const std::pair<const char*, const char*> models_with_weights[] = {
    {"mlp", "x16"},
    {"hard_coded_float", "x16"},
    {"integer_buffer", "x4"},
    {"conv", "images"},
    {"counter", "x4"},
    {"nested", "nested"},
    {"int_argument", "with_rate"},
    {"scale", "x16"},
    {"readers", "x16"},
    {"written_between_readers", "x16"}};

TEST(Prepare, RunsPreparedFp32WeightsWithTheSameResults) {
  for (const auto& [model, inputs] : models_with_weights) {
    auto workload = workload_for(model, inputs);
    const Prepared prepared = workload.prepare({.arm = {.layout = Layout::prepacked}});
    EXPECT_EQ(prepared.status, TrialStatus::ok) << model << ": " << prepared.reason;
    EXPECT_LT(prepared.accuracy.relative_l2, 1e-5) << model;
    EXPECT_EQ(prepared.accuracy.coverage, 1) << model;
    EXPECT_THAT(prepared.accuracy.uncovered, IsEmpty()) << model;
  }
}

TEST(Prepare, RunsInt8WithItsRoundingAndNoMore) {
  for (const auto& [model, inputs] : models_with_weights) {
    auto workload = workload_for(model, inputs);
    const Prepared prepared = workload.prepare({.arm = int8, .accuracy_batch = 4});
    EXPECT_EQ(prepared.status, TrialStatus::ok) << model << ": " << prepared.reason;
    EXPECT_TRUE(prepared.accuracy.finite) << model;
    EXPECT_GT(prepared.accuracy.relative_l2, 1e-5) << model << " did not run in INT8";
    EXPECT_LT(prepared.accuracy.relative_l2, 0.05) << model;
    EXPECT_EQ(prepared.accuracy.coverage, 1) << model;
  }
}

// Every arm that is offered runs in its precision, or says why it does not.
TEST(Prepare, BringsModelsOfAllKindsToTheirArms) {
  for (const auto& [model, inputs, batch_dims] :
       {std::tuple{"resnet", "photos", std::vector<std::string>{}},
        {"vision_transformer", "photos", {}},
        {"decoder_step", "step", {"1:2"}}}) {
    WorkloadOptions options = options_for(model, inputs);
    options.batch_dims = batch_dims;
    TorchWorkload workload(options, any_type_target());
    for (const Arm& arm : workload.describe().arms) {
      const Prepared prepared = workload.prepare({.arm = arm, .accuracy_batch = 2});
      const std::string what = std::string(model) + " " + to_string(arm);
      if (prepared.status == TrialStatus::unsupported) {
        EXPECT_THAT(prepared.reason, Not(IsEmpty())) << what;
        // oneDNN has no BF16 on this CPU.
        EXPECT_TRUE(arm.precision == Precision::bf16 && arm.layout == Layout::prepacked) << what;
        continue;
      }
      EXPECT_EQ(prepared.status, TrialStatus::ok) << what << ": " << prepared.reason;
      EXPECT_TRUE(prepared.accuracy.finite) << what;
      EXPECT_LT(prepared.accuracy.relative_l2, 0.06) << what;
      EXPECT_EQ(prepared.accuracy.relative_l2 < 1e-5, arm.precision == Precision::fp32) << what;
      EXPECT_GT(prepared.accuracy.coverage, 0.8) << what;
      EXPECT_EQ(workload.run({.batch = 2, .min_iterations = 2}).status, TrialStatus::ok) << what;
    }
  }
}

TEST(Prepare, HasNoPrepackedArmOfAModelWithoutWeightsToPrepare) {
  auto workload = workload_for("two_arguments", "ids_mask");
  for (const Arm& arm : {int8, Arm{.layout = Layout::prepacked}}) {
    const Prepared prepared = workload.prepare({.arm = arm});
    EXPECT_EQ(prepared.status, TrialStatus::unsupported);
    EXPECT_THAT(prepared.reason, HasSubstr("no weight"));
  }
}

TEST(Prepare, JudgesOneElementOutputsByL2Alone) {
  auto workload = workload_for("scale", "x16");
  const Prepared prepared = workload.prepare({.arm = bf16});
  EXPECT_EQ(prepared.accuracy.worst_cosine, 1);
  EXPECT_GT(prepared.accuracy.relative_l2, 1e-5);
}

TEST(Prepare, StartsEveryPassOfAStatefulModelAfresh) {
  auto workload = workload_for("counter", "x4");
  for (int repeat = 0; repeat < 3; ++repeat) {
    EXPECT_LT(workload.prepare({.arm = {}}).accuracy.relative_l2, 1e-5) << repeat;
    (void)workload.run({.batch = 2, .min_iterations = 3});
  }
}

TEST(Prepare, ComparesAtABatchOfItsOwnThatIsLargerThanTheInputs) {
  auto workload = workload_for("mlp", "x16");  // ten rows
  EXPECT_EQ(workload.prepare({.arm = bf16, .accuracy_batch = 64}).accuracy.rows, 64);
  EXPECT_EQ(workload.prepare({.arm = bf16, .accuracy_batch = 7}).accuracy.rows, 14);
  EXPECT_EQ(workload.prepare({.arm = bf16}).accuracy.rows, 10);
}

TEST(Prepare, SaysByWhichRouteAnArmWasReached) {
  auto workload = workload_for("hard_coded_float", "x16");
  const Prepared prepared = workload.prepare({.arm = bf16});
  ASSERT_THAT(prepared.set_up.routes, Not(IsEmpty()));
  EXPECT_EQ(prepared.set_up.routes.front().name, "autocast, norms in FP32");
}

TEST(Prepare, KeepsArmsLoadedThatFit) {
  WorkloadOptions options = options_for("mlp", "x16");
  for (const bool resident : {true, false}) {
    options.resident_bytes = resident ? 1ULL << 30 : 0;
    TorchWorkload workload(options, any_type_target());
    const double first = workload.prepare({.arm = bf16}).set_up.seconds;
    ASSERT_EQ(workload.prepare({.arm = {}}).status, TrialStatus::ok);
    ASSERT_EQ(workload.run({.batch = 2}).status, TrialStatus::ok);
    const Prepared again = workload.prepare({.arm = bf16});
    // The arm that stayed tells what it took then; no two loads take the same to the nanosecond.
    EXPECT_EQ(again.set_up.seconds == first, resident);
    EXPECT_LT(again.accuracy.relative_l2, 0.03);
    EXPECT_EQ(workload.run({.batch = 2}).status, TrialStatus::ok);
  }
}

TEST(Prepare, LoadsAnArmOfAModelWithStateAnew) {
  WorkloadOptions options = options_for("counter", "x4");
  options.resident_bytes = 1ULL << 30;
  TorchWorkload workload(options, any_type_target());
  for (int repeat = 0; repeat < 3; ++repeat) {
    EXPECT_LT(workload.prepare({.arm = {}}).accuracy.relative_l2, 1e-5) << repeat;
    (void)workload.run({.batch = 2, .min_iterations = 3});
    ASSERT_EQ(workload.prepare({.arm = bf16}).status, TrialStatus::ok);
  }
}

TEST(Prepare, GivesARandomModelTheSameNumbers) {
  auto workload = workload_for("dropout", "x16");
  EXPECT_LT(workload.prepare({.arm = {}}).accuracy.relative_l2, 1e-5);
}

TEST(Prepare, CallsAnArmNobodyImplementsUnsupported) {
  auto workload = workload_for("mlp", "x16");
  const Prepared prepared = workload.prepare({.arm = {.precision = Precision::int8}});
  EXPECT_EQ(prepared.status, TrialStatus::unsupported);
  EXPECT_THAT(prepared.reason, HasSubstr("int8"));
}

TEST(Run, GivesCompletionsAndUnitsOfEachIteration) {
  WorkloadOptions options = options_for("two_arguments", "ids_mask");
  options.units_from_mask = "1";
  TorchWorkload workload(options, any_type_target());
  ASSERT_EQ(workload.prepare({.arm = {}}).status, TrialStatus::ok);
  const RunResult result =
      workload.run({.batch = 3, .first_row = 4, .min_iterations = 3, .fresh_memory = true});
  EXPECT_THAT(result.units, ElementsAre(6 + 1 + 2, 3 + 4 + 6, 1 + 2 + 3));
  EXPECT_EQ(result.completions.size(), 3U);
  EXPECT_LT(result.start, result.completions.front());
  EXPECT_LT(result.completions.front(), result.completions.back());
  EXPECT_GT(result.peak_memory_bytes, 0U);
}

TEST(Run, TakesTheFirstRowsAgainAndAgainWhereInputsAreHot) {
  WorkloadOptions options = options_for("two_arguments", "ids_mask");
  options.units_from_mask = "1";
  options.hot_inputs = true;
  TorchWorkload workload(options, any_type_target());
  EXPECT_EQ(workload.describe().conditions.at("input_rows"), "hot");
  ASSERT_EQ(workload.prepare({.arm = {}}).status, TrialStatus::ok);
  const RunResult result = workload.run({.batch = 3, .first_row = 4, .min_iterations = 3});
  EXPECT_THAT(result.units, ElementsAre(1 + 2 + 3, 1 + 2 + 3, 1 + 2 + 3));
}

TEST(Run, CopiesAndCastsInputsInsideIterationsWhereAsked) {
  WorkloadOptions options = options_for("mlp", "x16");
  options.copy_inputs = true;
  TorchWorkload workload(options, any_type_target());
  EXPECT_EQ(workload.describe().conditions.at("input_copies"), "inside");
  ASSERT_EQ(workload.prepare({.arm = bf16}).status, TrialStatus::ok);
  // A BF16 model refuses FP32 inputs: it runs only if each iteration casts them.
  EXPECT_EQ(workload.run({.batch = 3, .min_iterations = 2}).status, TrialStatus::ok);
}

TEST(Run, TellsWhenEachBatchOfAPipelineBegan) {
  WorkloadOptions options = options_for("mlp", "x16");
  options.pipeline = 3;
  TorchWorkload workload(options, any_type_target());
  EXPECT_EQ(workload.describe().conditions.at("pipeline"), "3");
  ASSERT_EQ(workload.prepare({.arm = {}}).status, TrialStatus::ok);
  const RunResult result = workload.run({.batch = 2, .min_iterations = 7, .max_iterations = 7});
  ASSERT_EQ(result.completions.size(), 7U);
  ASSERT_EQ(result.begins.size(), 7U);
  EXPECT_EQ(result.units.size(), 7U);
  // The second and third batch begin before the first one is waited for.
  EXPECT_LT(result.begins[2], result.completions[0]);
  EXPECT_GT(result.begins[3], result.completions[0]);
}

std::uint64_t peak_with_rows(std::int64_t rows) {
  const Target target = any_type_target();
  TorchWorkload workload(open_script(test_file("mlp.pt"), target),
                         Inputs::from_values({at::randn({rows, 16})}, {}), {}, target);
  EXPECT_EQ(workload.prepare({.arm = bf16, .check_accuracy = false}).status, TrialStatus::ok);
  return workload.run({.batch = 3, .min_iterations = 3, .fresh_memory = true}).peak_memory_bytes;
}

TEST(Run, CountsTheRowsOfABatchAndNotAllExamplesAsMemory) {
  // A million rows: 64 MiB as they were given, 32 MiB in BF16.
  const auto many = static_cast<double>(peak_with_rows(1 << 20));
  const auto few = static_cast<double>(peak_with_rows(10));
  EXPECT_NEAR(many, few, 16.0 * (1 << 20));
}

TEST(Run, StopsAtTheMostIterations) {
  auto workload = workload_for("mlp", "x16");
  (void)workload.prepare({.arm = {}});
  EXPECT_EQ(workload.run({.seconds = 60, .max_iterations = 5}).completions.size(), 5U);
}

TEST(Run, ReportsACrashAndGoesOn) {
  auto workload = workload_for("fixed_batch", "x16");
  (void)workload.prepare({.arm = {}});
  const RunResult result = workload.run({.batch = 2});
  EXPECT_EQ(result.status, TrialStatus::crashed);
  EXPECT_THAT(result.reason, HasSubstr("shape"));
  EXPECT_EQ(workload.run({.batch = 1}).status, TrialStatus::crashed);  // nothing is prepared now
  EXPECT_EQ(workload.prepare({.arm = {}}).status, TrialStatus::ok);
  EXPECT_EQ(workload.run({.batch = 1}).status, TrialStatus::ok);
}

// As `ulimit -v` would, for one scope.
class AddressSpaceLimit {
 public:
  explicit AddressSpaceLimit(rlim_t bytes) {
    getrlimit(RLIMIT_AS, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_AS, &limit);
  }
  ~AddressSpaceLimit() { setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_{};
};

TEST(Run, ReportsMemoryThatIsNotThere) {
  auto workload = workload_for("mlp", "x16");
  (void)workload.prepare({.arm = {}});
  const AddressSpaceLimit limit(rlim_t{1} << 36);  // less than the 128 GiB of that batch's inputs
  const RunResult result = workload.run({.batch = std::numeric_limits<int>::max()});
  EXPECT_EQ(result.status, TrialStatus::out_of_memory) << result.reason;
}

TEST(Run, LetsArmsThatWaitGoBeforeMemoryIsExhausted) {
  WorkloadOptions options = options_for("mlp", "x16");
  options.resident_bytes = 1ULL << 30;
  TorchWorkload workload(options, any_type_target());
  const double first = workload.prepare({.arm = bf16}).set_up.seconds;
  ASSERT_EQ(workload.prepare({.arm = {}}).status, TrialStatus::ok);
  {
    const AddressSpaceLimit limit(rlim_t{1} << 36);
    EXPECT_EQ(workload.run({.batch = std::numeric_limits<int>::max()}).status,
              TrialStatus::out_of_memory);
  }
  EXPECT_NE(workload.prepare({.arm = bf16}).set_up.seconds, first);
}

}  // namespace
}  // namespace autotune
