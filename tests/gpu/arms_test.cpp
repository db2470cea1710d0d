#include <ATen/core/ivalue.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/randn.h>

#include <map>

#include "autotune/torch/tuned_model.hpp"
#include "gpu/gpu_test.hpp"

namespace autotune {
namespace {

using GpuArms = GpuTest;

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
