#include <ATen/TensorOperators.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/randn.h>

#include <array>
#include <map>

#include "autotune/torch/tuned_model.hpp"
#include "gpu/gpu_test.hpp"

namespace autotune {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

using GpuArms = GpuTest;

/// About ten times the rounding of a sum of a thousand products.
double tolerance(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return 1e-5;
    case Precision::tf32:
      return 3e-3;
    case Precision::fp16:
      return 5e-3;
    default:
      return 3e-2;
  }
}

/// Every arm of the model, at sizes that are not round, several calls each, against FP64.
/// @param same the same function where the model itself does not run in FP64
void expect_numbers_of_fp64(const ScriptFile& model, const std::string& spec,
                            const at::IntArrayRef row, const ScriptFile* same = nullptr) {
  for (const Arm& arm : make_torch_workload(model.options(spec))->describe().arms) {
    TunedModel tuned = TunedModel::load(model.path(), {.batch = 64, .arm = arm}, "cuda:0");
    for (const std::int64_t rows : {1, 3, 8, 33, 64, 100}) {
      std::vector<std::int64_t> sizes{rows};
      sizes.insert(sizes.end(), row.begin(), row.end());
      const at::Tensor x = at::randn(sizes);
      const at::Tensor expected = (same != nullptr ? *same : model).in_fp64(x);
      for (int call = 0; call < 3; ++call) {
        const double error = relative_l2(tuned.forward({x}).toTensor(), expected);
        EXPECT_LT(error, tolerance(arm.precision)) << to_string(arm) << " at " << rows << " rows";
      }
    }
  }
}

TEST_F(GpuArms, EveryArmGivesTheNumbersOfFp64) {
  expect_numbers_of_fp64(ScriptFile(matmul_body), matmul_input, {1024});
}

TEST_F(GpuArms, EveryArmOfAConvolutionGivesTheNumbersOfFp64) {
  expect_numbers_of_fp64(ScriptFile(convolution_body), convolution_input, {16, 32, 32});
}

// What the fuser joins.
TEST_F(GpuArms, EveryArmOfGatesGivesTheNumbersOfFp64) {
  expect_numbers_of_fp64(
      ScriptFile("y = x @ self.weight\n  return torch.sigmoid(y) * torch.tanh(y + 0.5) - y"),
      matmul_input, {1024});
}

TEST_F(GpuArms, AnArmThatComputesInTypesTheModelNamesIsReachedByAutocast) {
  const ScriptFile model("return torch.relu(x @ self.weight).to(6) @ self.weight");
  const auto workload = make_torch_workload(model.options(matmul_input));
  const Prepared prepared = workload->prepare({.arm = {.precision = Precision::bf16}});
  ASSERT_EQ(prepared.status, TrialStatus::ok) << prepared.reason;
  EXPECT_THAT(prepared.set_up.routes.front().name, HasSubstr("autocast"));
  const ScriptFile without_cast(matmul_body);
  expect_numbers_of_fp64(model, matmul_input, {1024}, &without_cast);
}

// As a trace on a CPU writes it down; 6 is float32.
TEST_F(GpuArms, AConstantOnTheCpuComesAlong) {
  const ScriptFile model(
      "return x @ self.weight + torch.arange(1024, dtype=6, device=\"cpu\") / 1024");
  const auto workload = make_torch_workload(model.options(matmul_input));
  const Prepared prepared = workload->prepare({});
  EXPECT_EQ(prepared.status, TrialStatus::ok) << prepared.reason;
  expect_numbers_of_fp64(model, matmul_input, {1024});
}

TEST_F(GpuArms, RacesTheFuserAgainstTheGraphAsItIs) {
  const ScriptFile model("return torch.sigmoid(x) * torch.tanh(x + 0.5) * 3.0 - x @ self.weight");
  const auto workload = make_torch_workload(model.options(matmul_input));
  const Prepared prepared = workload->prepare({});
  ASSERT_THAT(prepared.set_up.routes, SizeIs(2));
  for (const RouteTrial& route : prepared.set_up.routes) {
    EXPECT_THAT(route.reason, ::testing::IsEmpty()) << route.name;
    EXPECT_GT(route.ms.value_or(0), 0) << route.name;
  }
}

TEST_F(GpuArms, HasEveryArmByNameOnHopper) {
  if (gpu.features != std::vector<std::string>{"sm_90"}) GTEST_SKIP() << "this is no Hopper GPU";
  const auto arms_of = [](const char* body, const char* spec) {
    const ScriptFile model(body);
    return names_of(make_torch_workload(model.options(spec))->describe().arms);
  };
  EXPECT_THAT(arms_of(matmul_body, matmul_input),
              UnorderedElementsAre("fp32 plain", "tf32 plain", "fp16 plain", "bf16 plain"));
  EXPECT_THAT(arms_of(convolution_body, convolution_input),
              UnorderedElementsAre("fp32 plain", "tf32 plain", "fp16 plain", "bf16 plain",
                                   "fp32 channels_last", "tf32 channels_last", "fp16 channels_last",
                                   "bf16 channels_last"));
}

TEST_F(GpuArms, ArmsThatStayLoadedAreNotCountedAsTheOthersMemory) {
  const ScriptFile model(matmul_body);
  std::array<std::uint64_t, 2> peaks{};
  for (const bool resident : {false, true}) {
    WorkloadOptions options = model.options(matmul_input);
    options.resident_bytes = resident ? 1ULL << 30 : 0;
    const auto workload = make_torch_workload(options);
    const double first = workload->prepare({.arm = {.precision = Precision::bf16}}).set_up.seconds;
    ASSERT_EQ(workload->prepare({}).status, TrialStatus::ok);
    const RunResult run = workload->run({.batch = 8, .min_iterations = 3, .fresh_memory = true});
    ASSERT_EQ(run.status, TrialStatus::ok) << run.reason;
    peaks[resident] = run.peak_memory_bytes;
    const Prepared again = workload->prepare({.arm = {.precision = Precision::bf16}});
    EXPECT_EQ(again.set_up.seconds == first, resident);
  }
  EXPECT_GT(peaks[0], 4U << 20);  // The weight alone.
  EXPECT_NEAR(static_cast<double>(peaks[0]), static_cast<double>(peaks[1]), 1 << 20);
}

TEST_F(GpuArms, BatchesInFlightOverlap) {
  const ScriptFile model(matmul_body);
  WorkloadOptions options = model.options(matmul_input);
  options.pipeline = 4;
  const auto workload = make_torch_workload(options);
  ASSERT_EQ(workload->prepare({.check_accuracy = false}).status, TrialStatus::ok);
  const RunResult run = workload->run({.batch = 4096, .min_iterations = 16, .max_iterations = 16});
  ASSERT_EQ(run.status, TrialStatus::ok) << run.reason;
  ASSERT_EQ(run.begins.size(), 16U);
  for (std::size_t i = 0; i + 3 < 16; ++i) EXPECT_LT(run.begins[i + 3], run.completions[i]);
}

TEST_F(GpuArms, EveryArmRunsWithFiniteOutputs) {
  const ScriptFile model(matmul_body);
  const auto workload = make_torch_workload(model.options(matmul_input));
  const Description description = workload->describe();
  EXPECT_GE(description.arms.size(), 2U);
  EXPECT_EQ(description.pci_address, gpu.pci_address);
  for (const Arm& arm : description.arms) {
    const Prepared prepared = workload->prepare({arm});
    ASSERT_EQ(prepared.status, TrialStatus::ok) << to_string(arm) << ": " << prepared.reason;
    EXPECT_TRUE(prepared.accuracy.finite) << to_string(arm);
    EXPECT_GT(prepared.accuracy.worst_cosine, 0.99) << to_string(arm);
    const RunResult run = workload->run({.batch = 8, .min_iterations = 4, .fresh_memory = true});
    ASSERT_EQ(run.status, TrialStatus::ok) << to_string(arm) << ": " << run.reason;
    EXPECT_EQ(run.completions.size(), 4U) << to_string(arm);
    EXPECT_GT(run.peak_memory_bytes, 0U) << to_string(arm);
  }
}

TEST_F(GpuArms, Fp32IsNotComputedInTf32) {
  const ScriptFile model(matmul_body);
  const auto workload = make_torch_workload(model.options(matmul_input));
  std::map<Precision, double> error;
  for (const Arm& arm : workload->describe().arms) {
    error[arm.precision] = workload->prepare({arm}).accuracy.relative_l2;
  }
  if (!error.contains(Precision::tf32)) GTEST_SKIP() << "this GPU has no TF32";
  EXPECT_LT(error[Precision::fp32], 1e-6);
  EXPECT_GT(error[Precision::tf32], 1e-5);  // 10 bits of mantissa leave a mark.
}

TEST_F(GpuArms, OutOfMemoryIsAStatusAndSmallerBatchesStillRun) {
  // 4 MiB per row in one intermediate tensor: 1,000,000 rows need 4 TiB.
  const ScriptFile model("return (x.unsqueeze(2) * x.unsqueeze(1)).sum(2)");
  const auto workload = make_torch_workload(model.options(matmul_input));
  ASSERT_EQ(workload->prepare({.check_accuracy = false}).status, TrialStatus::ok);
  EXPECT_EQ(workload->run({.batch = 1'000'000, .min_iterations = 1}).status,
            TrialStatus::out_of_memory);
  ASSERT_EQ(workload->prepare({.check_accuracy = false}).status, TrialStatus::ok);
  const RunResult run = workload->run({.batch = 2, .min_iterations = 2});
  EXPECT_EQ(run.status, TrialStatus::ok) << run.reason;
}

// An index out of range ends in an assertion on the device, after which every call of the process
// fails: its trial is lost, the next one runs in another process.
TEST_F(GpuArms, ABrokenContextCostsOneTrial) {
  const ScriptFile model("return x[(x[:, 0] * 0).long() + (1 << 30) * (x.size(0) // 13)]");
  const auto worker = start_worker({.workload = model.options(matmul_input)});
  ASSERT_EQ(worker->prepare({.check_accuracy = false}).status, TrialStatus::ok);
  ASSERT_EQ(worker->run({.batch = 4}).status, TrialStatus::ok);
  EXPECT_EQ(worker->run({.batch = 13}).status, TrialStatus::crashed);
  EXPECT_EQ(worker->run({.batch = 4}).status, TrialStatus::ok);
}

TEST_F(GpuArms, TheWorkerProcessMeasuresTheSameCard) {
  const ScriptFile model(matmul_body);
  const auto worker = start_worker({.workload = model.options(matmul_input)});
  EXPECT_EQ(worker->describe().pci_address, gpu.pci_address);
  ASSERT_EQ(worker->prepare({}).status, TrialStatus::ok);
  EXPECT_EQ(worker->run({.batch = 4, .min_iterations = 3}).completions.size(), 3U);
}

TEST_F(GpuArms, ATunedModelGivesTheOutputsOfFp32) {
  const ScriptFile model(matmul_body);
  const at::Tensor rows = at::randn({5, 1024});
  TunedModel fp32 = TunedModel::load(model.path(), Config{}, "cuda:0");
  TunedModel fp16 =
      TunedModel::load(model.path(), {.batch = 2, .arm = {.precision = Precision::fp16}}, "cuda:0");
  const at::Tensor expected = fp32.forward({rows}).toTensor().cpu();
  EXPECT_TRUE(at::allclose(fp16.forward({rows}).toTensor().cpu(), expected, 0.02, 0.02));
}

}  // namespace
}  // namespace autotune
