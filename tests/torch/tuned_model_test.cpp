#include "autotune/torch/tuned_model.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include <thread>

#include "autotune/error.hpp"
#include "models.hpp"
#include "torch/inputs/inputs.hpp"
#include "torch/models/script_model.hpp"
#include "torch/tree.hpp"

namespace autotune {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

std::vector<at::Tensor> outputs_at_batch(const std::string& model, int batch,
                                         const std::vector<c10::IValue>& arguments) {
  TunedModel tuned = TunedModel::load(test_file(model + ".pt"), {.batch = batch}, "cpu");
  return tensors_of(tuned.forward(arguments));
}

TEST(TunedModel, CutsRowsIntoBatchesAndJoinsNestedOutputs) {
  const ScriptModel model = ScriptModel::load(test_file("nested.pt"), c10::kCPU);
  const auto arguments =
      arguments_of(read_saved_value(test_file("nested.inputs")), &model.schema());
  const auto whole = outputs_at_batch("nested", 100, arguments);
  const auto cut = outputs_at_batch("nested", 2, arguments);  // 2 + 2 + 1 of 5 rows
  ASSERT_EQ(cut.size(), 2U);
  for (std::size_t i = 0; i < cut.size(); ++i) {
    EXPECT_EQ(cut[i].size(0), 5);
    EXPECT_TRUE(at::allclose(cut[i], whole[i], 1e-4, 1e-5));
  }
}

TEST(TunedModel, PassesScalarsToEveryBatch) {
  const auto outputs = outputs_at_batch("int_argument", 3, {at::randn({10, 16}), 16000});
  EXPECT_EQ(outputs.at(0).sizes(), (at::IntArrayRef{10, 4}));
}

TEST(TunedModel, RunsAModelThatTakesOneRowOnly) {
  EXPECT_EQ(outputs_at_batch("fixed_batch", 1, {at::randn({3, 16})}).at(0).size(0), 3);
}

TEST(TunedModel, LeavesAModelItsState) {
  TunedModel tuned = TunedModel::load(test_file("counter.pt"), {.batch = 4}, "cpu");
  const at::Tensor x = at::zeros({4, 4});
  const at::Tensor first = tuned.forward({x}).toTensor();
  const at::Tensor expected =
      ScriptModel::load(test_file("counter.pt"), c10::kCPU).forward({x}).toTensor();
  EXPECT_TRUE(at::allclose(first, expected, 1e-4, 1e-5));  // both are the model's first call
  EXPECT_TRUE(at::allclose(tuned.forward({x}).toTensor(), expected + 1, 1e-4, 1e-5));
}

TEST(TunedModel, ServesThreadsInTwoArmsAtOnce) {
  const at::Tensor x = at::randn({7, 16});
  const std::array<Arm, 2> arms = {
      {{.layout = Layout::prepacked}, {.precision = Precision::int8, .layout = Layout::prepacked}}};
  const auto load = [&](const Arm& arm) {
    return TunedModel::load(test_file("mlp.pt"), {.batch = 4, .arm = arm}, "cpu");
  };
  std::vector<TunedModel> models;
  std::vector<at::Tensor> expected;
  for (const Arm& arm : arms) {
    models.push_back(load(arm));
    expected.push_back(load(arm).forward({x}).toTensor().clone());
  }
  EXPECT_FALSE(expected[0].equal(expected[1]));
  std::array<int, 4> same{};  // The first call of each model is made by two threads together.
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < same.size(); ++i) {
      threads.emplace_back([&, i] {
        for (int call = 0; call < 50; ++call) {
          same[i] += models[i % 2].forward({x}).toTensor().equal(expected[i % 2]) ? 1 : 0;
        }
      });
    }
  }
  EXPECT_THAT(same, testing::Each(50));
}

TEST(TunedModel, RefusesWhatThisCpuCannotRun) {
  try {
    (void)TunedModel::load(test_file("mlp.pt"), {.arm = {.precision = Precision::tf32}}, "cpu");
    FAIL() << "TF32 ran on a CPU";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::device);
    EXPECT_THAT(error.what(), HasSubstr("a CPU has none"));
  }
}

TEST(TunedModel, NamesADeviceThatIsNotThere) {
  try {
    (void)TunedModel::load(test_file("mlp.pt"), {}, "cuda:63");
    FAIL() << "there is a 64th GPU";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::device);
    EXPECT_THAT(error.what(), HasSubstr("no device cuda:63"));
  }
}

LookUp looked_up(const HardwareKey& key, const Config& config) {
  LookUp answer;
  answer.device = cpu_device();
  answer.found.config = config;
  answer.found.profile = Profile{.key = key};
  return answer;
}

TEST(ApplyProfile, RunsWhatWasFoundAndNamesWhatTheLookUpCouldNotCheck) {
  HardwareKey key = cpu_device().key;
  key.conditions["libtorch"] = "1.0.0";
  std::vector<std::string> warnings;
  const TunedModel model =
      TunedModel::apply(test_file("mlp.pt"), looked_up(key, {.batch = 7}), warnings);
  EXPECT_EQ(model.config().batch, 7);
  EXPECT_THAT(warnings, Contains(HasSubstr("libtorch was 1.0.0")));
}

TEST(ApplyProfile, RunsAsLoadedWhereTheProfileIsOfOtherHardware) {
  HardwareKey key = cpu_device().key;
  key.identity["name"] = "another CPU";
  std::vector<std::string> warnings;
  const TunedModel model =
      TunedModel::apply(test_file("mlp.pt"), looked_up(key, {.batch = 7}), warnings);
  EXPECT_EQ(model.config(), Config{});
  EXPECT_THAT(warnings, Contains(HasSubstr("of other hardware")));
}

TEST(ApplyProfile, RunsAsLoadedWithoutAProfile) {
  LookUp nothing;
  nothing.device = cpu_device();
  std::vector<std::string> warnings;
  EXPECT_EQ(TunedModel::apply(test_file("mlp.pt"), nothing, warnings).config(), Config{});
  EXPECT_TRUE(warnings.empty());
}

}  // namespace
}  // namespace autotune
