#include <gmock/gmock.h>

#include "autotune/error.hpp"
#include "models.hpp"

namespace autotune {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Arm bf16{.precision = Precision::bf16};
constexpr Arm int8{.precision = Precision::int8, .layout = Layout::prepacked};

std::string message_for(const WorkloadOptions& options) {
  try {
    (void)TorchWorkload(options, any_type_target()).describe();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string message_for(const std::string& model, const std::string& inputs) {
  return message_for(options_for(model, inputs));
}

TEST(Describe, SaysWhatTheWorkloadIs) {
  WorkloadOptions options = options_for("two_arguments", "ids_mask");
  options.units_from_mask = "1";
  const Description described = TorchWorkload(options, any_type_target()).describe();
  EXPECT_EQ(described.id.name, "two_arguments");
  EXPECT_EQ(described.id.unit, "token");
  EXPECT_THAT(described.id.inputs, HasSubstr("int64[batch,6]:"));
  EXPECT_THAT(described.id.fingerprint, HasSubstr("zip:"));
  EXPECT_EQ(described.rows, 5);
  EXPECT_DOUBLE_EQ(described.units_per_row, 16.0 / 5);
  EXPECT_EQ(described.max_batch, 0);
  EXPECT_THAT(described.warnings, IsEmpty());
  EXPECT_EQ(described.conditions.count("libtorch"), 1U);
  EXPECT_EQ(described.conditions.at("input_rows"), "rotating");
  EXPECT_EQ(described.conditions.at("input_copies"), "outside");
}

TEST(Describe, ListsArmsWithARetainedHeapAndReasonsForTheOthers) {
  const Description described = workload_for("mlp", "x16").describe();
  Arm fp32;
  fp32.execution.retained_heap = true;
  EXPECT_EQ(described.arms.at(0), fp32);
  // fp32, fp16 and bf16, plain; fp32, bf16 and int8, prepacked.
  EXPECT_EQ(described.arms.size(), 6U);
  EXPECT_THAT(described.unsupported,
              Contains(AllOf(Field(&UnsupportedArm::precision, Precision::fp32),
                             Field(&UnsupportedArm::layout, Layout::channels_last),
                             Field(&UnsupportedArm::reason, HasSubstr("no convolution")))));
}

TEST(Describe, FindsAModelThatTakesOneRowOnly) {
  const Description described = workload_for("fixed_batch", "x16").describe();
  EXPECT_EQ(described.max_batch, 1);
  EXPECT_THAT(described.warnings, ElementsAre(HasSubstr("runs on a batch of 1 but not of 2")));
}

TEST(Describe, TriesAModelAtTheBatchesThatTheUserNamed) {
  WorkloadOptions options = options_for("eight_rows", "x16");
  EXPECT_THAT(message_for(options), AllOf(HasSubstr("in batches of 1, 2"), HasSubstr("--batch")));
  options.first_batch = options.last_batch = 8;
  TorchWorkload workload(options, any_type_target());
  EXPECT_EQ(workload.describe().min_batch, 8);
  for (const Arm& arm : {Arm{}, bf16, int8}) {
    const Prepared prepared = workload.prepare({.arm = arm});
    ASSERT_EQ(prepared.status, TrialStatus::ok) << to_string(arm) << prepared.reason;
    EXPECT_EQ(workload.run({.batch = 8, .min_iterations = 3}).status, TrialStatus::ok);
  }
}

TEST(Describe, GoesOnWithAModelThatDoesNotRunOnASingleRow) {
  const auto described = workload_for("not_alone", "x16").describe();
  EXPECT_EQ(described.min_batch, 2);
  EXPECT_EQ(described.max_batch, 0);
  EXPECT_THAT(described.warnings,
              ElementsAre(AllOf(HasSubstr("on a batch of 1"), HasSubstr("more than one row"))));
  WorkloadOptions options = options_for("not_alone", "x16");
  options.first_batch = 2;
  options.last_batch = 16;
  TorchWorkload workload(options, any_type_target());
  // Sixteen and nine rows of ten: no chunk of the comparison has a single row.
  for (const int batch : {0, 9, 16}) {
    EXPECT_EQ(workload.prepare({.arm = bf16, .accuracy_batch = batch}).status, TrialStatus::ok);
  }
}

TEST(Describe, TriesEachBatchOnACopyOfAModelThatKeepsTheBatchOfItsFirstCall) {
  const auto described = workload_for("keeps_hidden", "x16").describe();
  EXPECT_EQ(described.max_batch, 0);
  EXPECT_THAT(described.warnings, ElementsAre(HasSubstr("keeps state")));
}

TEST(Describe, SaysThatRowsChangeEachOthersResults) {
  EXPECT_THAT(workload_for("centred", "x16").describe().warnings,
              ElementsAre(HasSubstr("rows of a batch change each other's results")));
  EXPECT_THAT(workload_for("mlp", "x16").describe().warnings, IsEmpty());
}

TEST(Describe, FindsAModelThatKeepsState) {
  EXPECT_THAT(workload_for("counter", "x4").describe().warnings,
              ElementsAre(HasSubstr("keeps state")));
}

TEST(Describe, FindsAModelThatIsNotRepeatable) {
  EXPECT_THAT(workload_for("dropout", "x16").describe().warnings,
              ElementsAre(HasSubstr("not repeatable")));
}

TEST(Describe, TakesNamedInputsInTheOrderOfForward) {
  EXPECT_THAT(workload_for("two_arguments", "named").describe().id.inputs,
              HasSubstr("int64[batch,6]:0..1"));
}

TEST(Describe, MakesInputsUpAndWarns) {
  const Description described =
      TorchWorkload({.model = test_file("mlp.pt"), .input_specs = {"float32[batch,16]:normal"}},
                    any_type_target())
          .describe();
  EXPECT_EQ(described.rows, 128);
  EXPECT_THAT(described.warnings, ElementsAre(HasSubstr("the inputs are made up")));
}

TEST(Describe, RejectsInputsInTheModelsWords) {
  EXPECT_THAT(message_for("two_arguments", "x4"), HasSubstr("mask"));
  EXPECT_THAT(message_for("mlp", "x4"), HasSubstr("shapes cannot be multiplied"));
  EXPECT_THAT(message_for("two_arguments", "floats_as_ids"), HasSubstr("Long"));
  EXPECT_THAT(message_for("int_argument", "with_wrong_rate"), HasSubstr("the rate must be 16000"));
}

TEST(Describe, RejectsAModelFileInOneClearMessage) {
  EXPECT_THAT(message_for("missing", "x16"), HasSubstr("no such file"));
  EXPECT_THAT(message_for("empty", "x16"), HasSubstr("it is empty"));
  EXPECT_THAT(message_for("cut_off", "x16"), HasSubstr("no TorchScript file, or cut off"));
}

TEST(Describe, AsksForInputs) {
  EXPECT_THAT(message_for({.model = test_file("mlp.pt")}), HasSubstr("--inputs FILE"));
}

}  // namespace
}  // namespace autotune
