// C++ modules that live in this process.
#include <gmock/gmock.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/rnn.h>
#include <torch/nn/modules/transformerlayer.h>

#include <map>

#include "autotune/error.hpp"
#include "autotune/torch/live_model.hpp"
#include "autotune/torch/tuned_model.hpp"
#include "torch/mode/interception.hpp"
#include "torch/models/live_source.hpp"
#include "torch/torch_workload.hpp"

namespace autotune {
namespace {

namespace nn = ::torch::nn;

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Arm fp32_prepacked{.layout = Layout::prepacked};
constexpr Arm int8{.precision = Precision::int8, .layout = Layout::prepacked};
constexpr Arm bf16{.precision = Precision::bf16};
constexpr Arm channels_last{.layout = Layout::channels_last};

/// Images of 3 channels to 4 classes; counts its calls in an integer and a floating buffer.
struct NetImpl : nn::Module {
  nn::Conv2d conv{nn::Conv2dOptions(3, 8, 3).padding(1)};
  nn::BatchNorm2d norm{8};
  nn::Linear head{8, 4};
  at::Tensor calls = register_buffer("calls", at::zeros({1}, at::kLong));
  at::Tensor level = register_buffer("level", at::zeros({1}));
  bool counts = false;

  NetImpl() {
    register_module("conv", conv);
    register_module("norm", norm);
    register_module("head", head);
  }
  at::Tensor forward(const at::Tensor& images) {
    at::Tensor result = head(at::relu(norm(conv(images))).mean({2, 3}));
    if (!counts) return result;
    calls += 1;
    level += 0.5;
    return result + level;
  }
};
TORCH_MODULE(Net);

/// Every parameter and buffer, byte for byte, with its type, sizes and strides.
template <typename Module>
std::map<std::string, std::string> bytes_of(const Module& module) {
  std::map<std::string, std::string> all;
  const auto add = [&](const std::string& name, const at::Tensor& tensor) {
    const at::Tensor dense = tensor.detach().contiguous();
    all[name] = std::string(static_cast<const char*>(dense.const_data_ptr()), dense.nbytes()) +
                c10::toString(tensor.scalar_type()) + c10::str(tensor.sizes(), tensor.strides()) +
                (tensor.requires_grad() ? "g" : "");
  };
  for (const auto& entry : module->named_parameters()) add(entry.key(), entry.value());
  for (const auto& entry : module->named_buffers()) add(entry.key(), entry.value());
  return all;
}

template <typename Module>
TorchWorkload workload_of(const Module& module, const at::Tensor& rows) {
  LiveModel live = live_model(module, "live");
  Target target = target_of(live);
  target.allow_emulation = true;
  return {open_live(std::move(live), target),
          Inputs::from_values({rows}, {}),
          {.name = "live"},
          target};
}

class Live : public ::testing::Test {
 protected:
  void SetUp() override {
    at::manual_seed(0);
    net_->eval();
  }
  Net net_;
  at::Tensor images_ = at::randn({6, 3, 8, 8});
};

TEST_F(Live, DescribesItselfByItsTensors) {
  TorchWorkload workload = workload_of(net_, images_);
  const Description description = workload.describe();
  EXPECT_EQ(description.id.name, "live");
  EXPECT_THAT(description.id.fingerprint, HasSubstr("live:"));
  EXPECT_EQ(description.rows, 6);
  EXPECT_THAT(description.warnings, IsEmpty());
  EXPECT_THAT(description.arms, Contains(Field(&Arm::precision, Precision::int8)));
}

TEST_F(Live, RunsInEveryArmAndComesBackBitForBit) {
  const auto before = bytes_of(net_);
  const at::Tensor truth = net_(images_);
  {
    TorchWorkload workload = workload_of(net_, images_);
    for (const auto& [arm, error] : {std::pair{Arm{}, 1e-6},
                                     {fp32_prepacked, 1e-5},
                                     {int8, 0.05},
                                     {bf16, 0.03},
                                     {channels_last, 1e-5}}) {
      const Prepared prepared = workload.prepare({.arm = arm, .accuracy_batch = 3});
      ASSERT_EQ(prepared.status, TrialStatus::ok) << to_string(arm) << ": " << prepared.reason;
      EXPECT_LT(prepared.accuracy.relative_l2, error) << to_string(arm);
      if (error > 0.01) {
        EXPECT_GT(prepared.accuracy.relative_l2, 1e-5) << to_string(arm);
      }
      EXPECT_EQ(prepared.accuracy.coverage, 1) << to_string(arm);
      EXPECT_EQ(workload.run({.batch = 2, .min_iterations = 2}).status, TrialStatus::ok);
    }
  }
  EXPECT_EQ(bytes_of(net_), before);
  EXPECT_TRUE(net_(images_).equal(truth));
}

TEST_F(Live, GivesItsStateBackAndStartsEveryArmFromIt) {
  net_->counts = true;
  static_cast<void>(net_(images_));
  const auto before = bytes_of(net_);
  {
    TorchWorkload workload = workload_of(net_, images_);
    EXPECT_THAT(workload.describe().warnings, Contains(HasSubstr("keeps state")));
    for (const Arm& arm : {Arm{}, fp32_prepacked, Arm{}}) {
      const Prepared prepared = workload.prepare({.arm = arm});
      EXPECT_LT(prepared.accuracy.relative_l2, 1e-5) << to_string(arm);
      static_cast<void>(workload.run({.batch = 2, .min_iterations = 3}));
    }
  }
  EXPECT_EQ(bytes_of(net_), before);
}

TEST_F(Live, RunsATransformerLayer) {
  nn::TransformerEncoderLayer layer(nn::TransformerEncoderLayerOptions(32, 4).dim_feedforward(64));
  layer->eval();
  LiveModel live =
      live_model(layer, "encoder", [layer](std::vector<c10::IValue> arguments) mutable {
        return c10::IValue(layer(arguments.at(0).toTensor().transpose(0, 1)).transpose(0, 1));
      });
  const Target target = target_of(live);
  TorchWorkload workload(open_live(std::move(live), target),
                         Inputs::from_values({at::randn({5, 7, 32})}, {}), {.name = "encoder"},
                         target);
  const Prepared exact = workload.prepare({.arm = fp32_prepacked});
  EXPECT_EQ(exact.status, TrialStatus::ok) << exact.reason;
  EXPECT_LT(exact.accuracy.relative_l2, 1e-5);
  EXPECT_EQ(exact.accuracy.coverage, 1);
  const Prepared rounded = workload.prepare({.arm = int8});
  EXPECT_EQ(rounded.status, TrialStatus::ok) << rounded.reason;
  EXPECT_GT(rounded.accuracy.coverage, 0.8);  // All but attention's products.
  EXPECT_LT(rounded.accuracy.coverage, 1);
  EXPECT_LT(rounded.accuracy.relative_l2, 0.05);
}

TEST_F(Live, SaysThatAnLstmIsOutOfReach) {
  nn::LSTM lstm(nn::LSTMOptions(8, 16).batch_first(true));
  LiveModel live = live_model(lstm, "lstm", [lstm](std::vector<c10::IValue> arguments) mutable {
    return c10::IValue(std::get<0>(lstm(arguments.at(0).toTensor())));
  });
  const Target target = target_of(live);
  TorchWorkload workload(open_live(std::move(live), target),
                         Inputs::from_values({at::randn({5, 7, 8})}, {}), {.name = "lstm"}, target);
  const Prepared prepared = workload.prepare({.arm = int8});
  EXPECT_EQ(prepared.status, TrialStatus::unsupported);
  EXPECT_THAT(prepared.reason, HasSubstr("used inside one operation"));
}

TEST_F(Live, IsWrappedForDeployment) {
  const auto before = bytes_of(net_);
  const at::Tensor truth = net_(images_);
  {
    TunedModel tuned = TunedModel::wrap(live_model(net_, "live"), {.batch = 4, .arm = int8});
    const at::Tensor result = tuned.forward({images_}).toTensor();
    EXPECT_EQ(result.sizes(), truth.sizes());
    const double error = ((result - truth).norm() / truth.norm()).item<double>();
    EXPECT_GT(error, 1e-5);
    EXPECT_LT(error, 0.05);
  }
  EXPECT_EQ(bytes_of(net_), before);
}

TEST_F(Live, IsRefusedWithoutTensors) {
  EXPECT_THROW(
      try {
        static_cast<void>(TunedModel::wrap({.name = "empty"}, {}));
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("empty has no parameters"));
        throw;
      },
      Error);
}

TEST_F(Live, ComesAsAWorkloadForTune) {
  const auto workload = make_live_workload(
      live_model(net_, "net"), ExampleInputs::from_values({images_}), {.unit = "image"});
  const Description description = workload->describe();
  EXPECT_EQ(description.id.name, "net");
  EXPECT_EQ(description.id.unit, "image");
  EXPECT_EQ(workload->prepare({.arm = fp32_prepacked}).status, TrialStatus::ok);
}

}  // namespace
}  // namespace autotune
