#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include <array>
#include <thread>

#include "models.hpp"
#include "torch/arms/fuser.hpp"
#include "torch/arms/routes.hpp"
#include "torch/arms/tf32_switch.hpp"
#include "torch/models/arm_model.hpp"
#include "torch/tree.hpp"

namespace autotune {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

ScriptModel model_called(const std::string& name, c10::Device device = c10::kCPU) {
  return ScriptModel::load(test_file(name + ".pt"), device);
}

ArmModel arm_of(const std::string& name, const Arm& arm) {
  return ArmModel::make([&] { return model_called(name); }, model_called(name).facts(), arm,
                        any_type_target(), {}, true);
}

Target cpu_with(std::set<std::string> features) { return {.cpu_features = std::move(features)}; }

Target gpu_of(int capability) {
  return {.device = c10::Device(c10::kCUDA, 0), .compute_capability = capability};
}

std::string obstacle(Precision precision, const Target& target) {
  return obstacle_of({.precision = precision}, target, {}, "models");
}

TEST(Arms, LeaveOutHalfSizeTypesThatTheCpuEmulates) {
  EXPECT_THAT(obstacle(Precision::bf16, cpu_with({"avx2"})), HasSubstr("runs emulated"));
  EXPECT_THAT(obstacle(Precision::fp16, cpu_with({"avx512_bf16"})), HasSubstr("runs emulated"));
  EXPECT_THAT(obstacle(Precision::bf16, cpu_with({"avx512_bf16"})), IsEmpty());
  EXPECT_THAT(obstacle(Precision::fp16, cpu_with({"amx_fp16"})), IsEmpty());
}

TEST(Arms, HaveTf32FromAmpereOn) {
  EXPECT_THAT(obstacle(Precision::tf32, cpu_with({})), HasSubstr("a CPU has none"));
  EXPECT_THAT(obstacle(Precision::tf32, gpu_of(75)), HasSubstr("this GPU has 7.5"));
  EXPECT_THAT(obstacle(Precision::tf32, gpu_of(90)), IsEmpty());
}

TEST(Arms, HaveChannelsLastOnlyForConvolutions) {
  const Arm arm{.layout = Layout::channels_last};
  EXPECT_THAT(obstacle_of(arm, cpu_with({}), model_called("mlp").facts(), "models"),
              HasSubstr("no convolution"));
  EXPECT_THAT(obstacle_of(arm, cpu_with({}), model_called("conv").facts(), "models"), IsEmpty());
}

TEST(Arms, AreNotNamedByWhatNobodyImplements) {
  EXPECT_THAT(obstacle(Precision::int8, cpu_with({})), Not(IsEmpty()));
}

TEST(Arms, AreEachListedAsTheyAreOrWithWhyNot) {
  for (const Target& target : {cpu_with({"avx2"}), any_type_target(), gpu_of(75), gpu_of(90)}) {
    Description description;
    list_arms(target, {}, description);
    std::set<std::pair<Precision, Layout>> listed;
    for (const Arm& arm : description.arms) listed.emplace(arm.precision, arm.layout);
    for (const UnsupportedArm& arm : description.unsupported) {
      EXPECT_THAT(arm.reason, Not(IsEmpty()));
      listed.emplace(arm.precision, arm.layout);
    }
    const std::size_t all = all_precisions().size() * all_layouts().size();
    EXPECT_EQ(listed.size(), all);
    EXPECT_EQ(description.arms.size() + description.unsupported.size(), all);
  }
}

TEST(ModelFacts, FindsATypeThatTheGraphNames) {
  EXPECT_TRUE(model_called("hard_coded_float").facts().has_dtype_constants);
  EXPECT_FALSE(model_called("mlp").facts().has_dtype_constants);
}

TEST(ModelFacts, SaysThatAGraphWritesNothingOnlyIfItDoesNot) {
  EXPECT_TRUE(model_called("readers").facts().writes_nothing);
  EXPECT_FALSE(model_called("written_between_readers").facts().writes_nothing);
  EXPECT_FALSE(model_called("written_elsewhere").facts().writes_nothing);
  EXPECT_FALSE(model_called("counter").facts().writes_nothing);
}

TEST(ModelFacts, KnowsWhichWeightsAConvolutionReads) {
  for (const ModelTensor& tensor : model_called("conv").tensors()) {
    EXPECT_EQ(tensor.of_convolution, tensor.name == "conv.weight") << tensor.name;
  }
}

TEST(ScriptModel, LoadsShareNothing) {
  const ScriptModel one = model_called("mlp");
  const ScriptModel other = model_called("mlp");
  other.tensors().at(0).tensor.fill_(7);
  EXPECT_NE(one.tensors().at(0).tensor.reshape(-1)[0].item<float>(), 7);
}

// LibTorch's `meta` device computes shapes only, and refuses to mix devices as a GPU does.
TEST(ScriptModel, BringsEveryConstantOfATraceToItsDevice) {
  const c10::Device meta(c10::kMeta);
  const auto unoptimised = without_fuser();  // Optimising compares constants, which have no values.
  const at::Tensor x = at::empty({3, 16}, at::TensorOptions(meta));
  for (ScriptModel model :
       {model_called("traced_constants", meta), model_called("scripted_constants", meta)}) {
    const at::Tensor output = model.forward({x}).toTensor();
    EXPECT_EQ(output.device(), meta);
    EXPECT_EQ(output.sizes(), x.sizes());
  }
}

TEST(ScriptModel, KeepsTheValuesOfItsConstants) {
  const at::Tensor x = at::zeros({2, 16});
  const at::Tensor output = model_called("traced_constants").forward({x}).toTensor();
  // By hand: 0 … 15 from arange, twice 0.5 from the constant tensor, 2 from the function.
  EXPECT_TRUE(at::allclose(output, at::arange(16.0).expand({2, 16}) + 3));
}

TEST(Cast, LeavesIntegerBuffersAlone) {
  const Target target = any_type_target();
  const ScriptModel master = model_called("integer_buffer");
  for (const Route& route : bf16_method().routes(master.facts())) {
    const ScriptModel model = model_called("integer_buffer");
    Draft draft{.tensors = model.tensors(), .target = target};
    route.apply(draft);
    for (const ModelTensor& entry : model.tensors()) {
      EXPECT_EQ(entry.tensor.scalar_type(), entry.name == "index" ? at::kLong : at::kBFloat16)
          << route.name << " " << entry.name;
    }
  }
}

TEST(Cast, KeepsNormsInFp32UnderAutocast) {
  const Target target = any_type_target();
  const ScriptModel model = model_called("mlp");
  Draft draft{.tensors = model.tensors(), .target = target};
  bf16_method().routes({.has_dtype_constants = true}).at(0).apply(draft);
  for (const ModelTensor& entry : model.tensors()) {
    const bool norm = entry.name.find("layers.1.") == 0;
    EXPECT_EQ(entry.tensor.scalar_type(), norm ? at::kFloat : at::kBFloat16) << entry.name;
  }
}

TEST(ChannelsLast, ChangesConvolutionWeightsAndInputs) {
  const Target target = any_type_target();
  const ScriptModel model = model_called("conv");
  Draft draft{.tensors = model.tensors(), .target = target};
  channels_last_method().apply(draft, fp32_method());
  for (const ModelTensor& entry : model.tensors()) {
    if (entry.of_convolution) {
      EXPECT_TRUE(entry.tensor.is_contiguous(at::MemoryFormat::ChannelsLast));
    }
  }
  EXPECT_TRUE(draft.channels_last_inputs);
}

bool tf32_is(bool allowed) {
  return at::globalContext().allowTF32CuBLAS() == allowed &&
         at::globalContext().allowTF32CuDNN() == allowed;
}

TEST(Tf32Scope, SwitchesAndBackAfterwards) {
  const bool convolutions_before = at::globalContext().allowTF32CuDNN();
  at::globalContext().setAllowTF32CuBLAS(true);
  {
    const auto off = tf32_scope(false)();
    EXPECT_TRUE(tf32_is(false));
    {
      const auto on = tf32_scope(true)();
      EXPECT_TRUE(tf32_is(true));
    }
    EXPECT_TRUE(tf32_is(false));
  }
  EXPECT_TRUE(at::globalContext().allowTF32CuBLAS());
  EXPECT_EQ(at::globalContext().allowTF32CuDNN(), convolutions_before);
  at::globalContext().setAllowTF32CuBLAS(false);
}

TEST(Tf32Scope, IsWhatEachOfManyThreadsAskedFor) {
  constexpr int rounds = 20000;
  std::array<int, 4> right{};
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < right.size(); ++i) {
      threads.emplace_back([&right, i] {
        const bool allow = i % 2 == 0;
        for (int round = 0; round < rounds; ++round) {
          const auto scope = tf32_scope(allow)();
          const auto nested = tf32_scope(allow)();
          right[i] += tf32_is(allow) ? 1 : 0;
        }
      });
    }
  }
  EXPECT_THAT(right, testing::Each(rounds));
}

TEST(Tf32Scope, IsOfArmsOnAGpuAlone) {
  const Target gpu = gpu_of(90);
  const Target cpu;
  for (const PrecisionMethod& method : {fp32_method(), tf32_method()}) {
    Draft on_gpu{.tensors = {}, .target = gpu};
    Draft on_cpu{.tensors = {}, .target = cpu};
    for (Draft* draft : {&on_gpu, &on_cpu}) method.routes({}).front().apply(*draft);
    ASSERT_EQ(on_gpu.scopes.size(), 1);
    const auto scope = on_gpu.scopes.front()();
    EXPECT_TRUE(tf32_is(method.precision == Precision::tf32));
    EXPECT_THAT(on_cpu.scopes, IsEmpty());
  }
}

TEST(Autocast, EndsWithTheScope) {
  const ArmModel model = arm_of("hard_coded_float", {.precision = Precision::bf16});
  {
    const Entered scopes = model.enter();
    EXPECT_TRUE(at::autocast::is_autocast_enabled(at::kCPU));
    EXPECT_EQ(at::autocast::get_autocast_dtype(at::kCPU), at::kBFloat16);
  }
  EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
}

}  // namespace
}  // namespace autotune
