// What the accuracy gate saw in its worker process is what a TunedModel gives in this one.
#include <gmock/gmock.h>

#include <thread>

#include "autotune/torch/example_inputs.hpp"
#include "autotune/torch/tuned_model.hpp"
#include "models.hpp"
#include "torch/accuracy.hpp"

namespace autotune {
namespace {

constexpr int chunk = 2;

std::vector<at::Tensor> outputs_of(const std::string& model, const std::vector<c10::IValue>& rows,
                                   const Arm& arm) {
  TunedModel tuned = TunedModel::load(test_file(model), {.batch = chunk, .arm = arm}, "cpu");
  return host_outputs(tuned.forward(rows));
}

Accuracy accuracy_here(const std::string& model, const ExampleInputs& inputs, const Arm& arm) {
  const std::vector<c10::IValue> rows = inputs.batch(0, inputs.rows());
  const std::vector<at::Tensor> reference = outputs_of(model, rows, {.execution = arm.execution});
  std::vector<at::Tensor> outputs;
  std::thread([&] { outputs = outputs_of(model, rows, arm); }).join();
  AccuracyPass pass;
  pass.add(reference, outputs, inputs.rows());
  return pass.result();
}

TEST(SameNumbers, InTheWorkerOfATuneAndOnAThreadOfAnApplication) {
  for (const auto& [model, inputs] : {std::pair{"mlp", "x16"},
                                      {"readers", "x16"},
                                      {"resnet", "photos"},
                                      {"vision_transformer", "photos"}}) {
    const WorkloadOptions options = options_for(model, inputs);
    const auto worker = start_worker({.workload = options, .executable = AUTOTUNE_TEST_WORKER});
    const ExampleInputs rows = ExampleInputs::read(*options.inputs);
    int arms = 0;
    for (const Arm& arm : worker->describe().arms) {
      const Prepared prepared = worker->prepare({.arm = arm, .accuracy_batch = chunk});
      if (prepared.status == TrialStatus::unsupported) continue;
      ASSERT_EQ(prepared.status, TrialStatus::ok) << prepared.reason;
      const Accuracy here = accuracy_here(std::string(model) + ".pt", rows, arm);
      const std::string what = std::string(model) + " " + to_string(arm);
      EXPECT_NEAR(here.relative_l2, prepared.accuracy.relative_l2, 1e-9) << what;
      EXPECT_NEAR(here.worst_cosine, prepared.accuracy.worst_cosine, 1e-9) << what;
      ++arms;
    }
    EXPECT_GE(arms, 3) << model;  // FP32, plain and prepacked, and INT8 on any CPU.
  }
}

}  // namespace
}  // namespace autotune
