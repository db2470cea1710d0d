// The whole path on a card: worker, meter, search, race.
#include <algorithm>
#include <cstdlib>

#include "autotune/session.hpp"
#include "autotune/torch/tuned_model.hpp"
#include "autotune/variant_set.hpp"
#include "gpu/gpu_test.hpp"

namespace autotune {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

using GpuTune = GpuTest;

TEST_F(GpuTune, FindsAConfigurationByMeasuredJoules) {
  const ScriptFile model(matmul_body);
  Session session({.worker = {.workload = model.options(matmul_input)},
                   .device = gpu,
                   .meter = meter_options(gpu, "auto")});
  TuneOptions options{.max_batch = 256, .effort = Effort::quick};
  options.budget.seconds = 15;
  const TuneResult result = session.tune(options);
  EXPECT_NE(result.meter.source, EnergySource::modelled) << result.meter.note;
  EXPECT_EQ(result.key.identity.at("name"), gpu.name);
  ASSERT_TRUE(result.best.measurement.has_value());
  EXPECT_GT(result.best.measurement->joules_per_unit.value_or(0), 0);
  EXPECT_GT(result.best.measurement->watts.value_or(0), 20);
  EXPECT_GT(result.best.config.batch, 1);  // A row at a time leaves the card idle.
  EXPECT_EQ(result.workload.pci_address, gpu.pci_address);
}

/// A set that was exported on this card: scripts/gpu_check names it.
class GpuPackages : public GpuTest {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (IsSkipped()) return;
    const char* folder = std::getenv("AUTOTUNE_GPU_TEST_SET");
    if (folder == nullptr) GTEST_SKIP() << "AUTOTUNE_GPU_TEST_SET names no variant set";
    set = folder;
  }

  std::filesystem::path set;
};

TEST_F(GpuPackages, EveryArmRunsAtSeveralBatchesWithinItsError) {
  const auto workload = make_torch_workload({.model = set, .device = "cuda:0"});
  const Description description = workload->describe();
  EXPECT_THAT(names_of(description.arms), Contains("fp32 compiled"));
  EXPECT_THAT(names_of(description.arms), Contains("tf32 compiled"));
  for (const Arm& arm : description.arms) {
    for (const int batch : {1, 3, 8, 33}) {
      const Prepared prepared = workload->prepare({.arm = arm, .accuracy_batch = batch});
      ASSERT_EQ(prepared.status, TrialStatus::ok) << to_string(arm) << ": " << prepared.reason;
      EXPECT_TRUE(prepared.accuracy.finite) << to_string(arm) << " at " << batch;
      EXPECT_GT(prepared.accuracy.worst_cosine, 0.99) << to_string(arm) << " at " << batch;
      const RunResult run = workload->run({.batch = batch, .min_iterations = 4});
      ASSERT_EQ(run.status, TrialStatus::ok) << to_string(arm) << ": " << run.reason;
    }
  }
}

TEST_F(GpuPackages, CountTheirWeightsAsMemory) {
  const auto workload = make_torch_workload({.model = set, .device = "cuda:0"});
  ASSERT_EQ(workload->prepare({.arm = {.layout = Layout::compiled}}).status, TrialStatus::ok);
  const RunResult run = workload->run({.batch = 1, .min_iterations = 2, .fresh_memory = true});
  ASSERT_EQ(run.status, TrialStatus::ok) << run.reason;
  const VariantSet read = read_variant_set(set);
  const auto fp32 = std::filesystem::file_size(
      std::ranges::find(read.variants, Precision::fp32, &Variant::precision)->file);
  // The file is the weights, mostly.
  EXPECT_GT(static_cast<double>(run.peak_memory_bytes), 0.8 * static_cast<double>(fp32));
}

}  // namespace
}  // namespace autotune
