#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>

#include <thread>

#include "torch/mode/interception.hpp"
#include "torch/mode/plan.hpp"
#include "torch/mode/quantized_rows.hpp"

namespace autotune {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Runs `model` while the plan learns its weights.
template <typename Model>
std::shared_ptr<Plan> plan_for(const Preparation& preparation,
                               const std::vector<at::Tensor>& weights, const Model& model) {
  auto plan = std::make_shared<Plan>(preparation, weights);
  {
    const auto mode = intercept(plan);
    static_cast<void>(model());
  }
  plan->seal();
  return plan;
}

template <typename Model>
at::Tensor run_in(const std::shared_ptr<Plan>& plan, const Model& model) {
  const auto mode = intercept(plan);
  return model();
}

double error_of(const at::Tensor& value, const at::Tensor& truth) {
  return ((value - truth).norm() / truth.norm()).item<double>();
}

/// A layer of 48 inputs and 32 outputs.
struct Layer {
  at::Tensor weight = at::randn({32, 48});
  at::Tensor bias = at::randn({32});
  at::Tensor input = at::randn({5, 48});
  [[nodiscard]] at::Tensor operator()() const { return at::linear(input, weight, bias); }
};

class Mode : public ::testing::Test {
 protected:
  void SetUp() override { at::manual_seed(0); }
};

TEST_F(Mode, WorksOnThisLibTorch) { EXPECT_THAT(interception_obstacle(), IsEmpty()); }

TEST_F(Mode, FindsAWeightHoweverTheProductIsSpelt) {
  const Layer layer;
  const at::Tensor& x = layer.input;
  const auto spellings = {+[](const Layer& l) { return at::linear(l.input, l.weight, l.bias); },
                          +[](const Layer& l) { return at::addmm(l.bias, l.input, l.weight.t()); },
                          +[](const Layer& l) { return at::mm(l.input, l.weight.t()) + l.bias; },
                          +[](const Layer& l) {
                            return at::matmul(l.input.view({1, 5, 48}), l.weight.t()) + l.bias;
                          },
                          +[](const Layer& l) { return at::linear(l.input, l.weight) + l.bias; }};
  const at::Tensor truth = at::linear(x, layer.weight, layer.bias);
  for (const auto spelling : spellings) {
    const auto model = [&] { return spelling(layer).view({5, 32}); };
    const auto plan = plan_for(int8_preparation(), {layer.weight}, model);
    EXPECT_EQ(plan->prepared(), 1U);
    EXPECT_EQ(plan->coverage().share(), 1);
    const double error = error_of(run_in(plan, model), truth);
    EXPECT_GT(error, 1e-4);  // It is INT8, and not FP32 under its name.
    EXPECT_LT(error, 0.03);
  }
}

TEST_F(Mode, PreparesFp32WithoutAnError) {
  const Layer layer;
  const auto plan = plan_for(fp32_preparation(), {layer.weight}, layer);
  EXPECT_EQ(plan->prepared(), 1U);
  EXPECT_LT(error_of(run_in(plan, layer), layer()), 1e-5);
}

TEST_F(Mode, TakesWeightsThatAreNotContiguous) {
  Layer layer;
  layer.weight = at::randn({48, 32}).t();
  for (const Preparation* preparation : {&fp32_preparation(), &int8_preparation()}) {
    const auto plan = plan_for(*preparation, {layer.weight}, layer);
    EXPECT_EQ(plan->coverage().share(), 1);
    EXPECT_LT(error_of(run_in(plan, layer), layer()), 0.03);
  }
}

TEST_F(Mode, RunsAWeightThatWasChangedInPlaceAsItIs) {
  const Layer layer;
  const auto plan = plan_for(fp32_preparation(), {layer.weight}, layer);
  layer.weight.mul_(3);
  EXPECT_LT(error_of(run_in(plan, layer), layer()), 1e-5);
}

TEST_F(Mode, RunsAWeightThatWasReplacedAsItIs) {
  Layer layer;
  const auto plan = plan_for(fp32_preparation(), {layer.weight}, layer);
  layer.weight.set_data(at::randn({32, 48}));
  EXPECT_LT(error_of(run_in(plan, layer), layer()), 1e-5);
}

TEST_F(Mode, KeepsTheAddressOfAWeightThatIsGone) {
  auto layer = std::make_unique<Layer>();
  const auto plan = plan_for(fp32_preparation(), {layer->weight}, *layer);
  layer.reset();
  for (int i = 0; i < 20; ++i) {
    const Layer other;
    EXPECT_LT(error_of(run_in(plan, other), other()), 1e-5);
  }
}

TEST_F(Mode, KeepsTwoModelsApart) {
  const Layer a, b;
  const auto plan_a = plan_for(int8_preparation(), {a.weight}, a);
  const auto plan_b = plan_for(int8_preparation(), {b.weight}, b);
  EXPECT_LT(error_of(run_in(plan_a, b), b()), 1e-6) << "of another model: as it is";
  EXPECT_LT(error_of(run_in(plan_b, b), b()), 0.03);
}

TEST_F(Mode, LeavesWeightsWithoutStorageAlone) {
  const Layer layer;
  const auto plan = plan_for(fp32_preparation(), {layer.weight}, layer);
  const at::Tensor sparse = layer.weight.to_sparse();
  const auto model = [&] { return at::mm(sparse, layer.input.t()); };
  const auto other = [&] { return at::matmul(layer.input, layer.weight.t().to_sparse()); };
  EXPECT_LT(error_of(run_in(plan, model), model()), 1e-5);
  EXPECT_LT(error_of(run_in(plan, other), other()), 1e-5);
}

TEST_F(Mode, EndsWithItsScopeAndNests) {
  const Layer layer;
  const auto int8 = plan_for(int8_preparation(), {layer.weight}, layer);
  const auto fp32 = plan_for(fp32_preparation(), {layer.weight}, layer);
  const at::Tensor plain = layer(), in_int8 = run_in(int8, layer);
  {
    const auto outer = intercept(int8);
    EXPECT_LT(error_of(run_in(fp32, layer), plain), 1e-5);
    EXPECT_TRUE(layer().equal(in_int8)) << "the outer mode is in force again";
  }
  EXPECT_TRUE(layer().equal(plain)) << "no mode is left";
}

TEST_F(Mode, ConcernsItsOwnThreadOnly) {
  const Layer layer;
  const auto int8 = plan_for(int8_preparation(), {layer.weight}, layer);
  const auto fp32 = plan_for(fp32_preparation(), {layer.weight}, layer);
  const at::Tensor in_int8 = run_in(int8, layer), in_fp32 = run_in(fp32, layer), plain = layer();
  const auto always = [&](const std::shared_ptr<Plan>& plan, const at::Tensor& expected,
                          int& hits) {
    for (int i = 0; i < 200; ++i) {
      hits += (plan ? run_in(plan, layer) : layer()).equal(expected) ? 1 : 0;
    }
  };
  std::array<int, 3> hits{};
  {
    std::jthread a(always, int8, in_int8, std::ref(hits[0]));
    std::jthread b(always, fp32, in_fp32, std::ref(hits[1]));
    std::jthread c(always, nullptr, plain, std::ref(hits[2]));
  }
  EXPECT_THAT(hits, ElementsAre(200, 200, 200));
}

TEST_F(Mode, WorksInInferenceMode) {
  const Layer layer;
  const c10::InferenceMode inference;
  const auto plan = plan_for(int8_preparation(), {layer.weight}, layer);
  EXPECT_LT(error_of(run_in(plan, layer), layer()), 0.03);
}

TEST_F(Mode, ShowsInputsThatAreNotFinite) {
  Layer layer;
  const auto plan = plan_for(int8_preparation(), {layer.weight}, layer);
  const at::Tensor truth = layer();
  layer.input[2][7] = NAN;
  layer.input[3][0] = INFINITY;
  const at::Tensor result = run_in(plan, layer);
  EXPECT_FALSE(result[2].isfinite().any().item<bool>());
  EXPECT_FALSE(result[3].isfinite().any().item<bool>());
  EXPECT_LT(error_of(result[4], truth[4]), 0.03) << "other rows are not touched";
}

TEST_F(Mode, TakesInputsOfAnyShape) {
  Layer layer;
  const auto plan = plan_for(int8_preparation(), {layer.weight}, layer);
  for (const at::Tensor& input : {at::randn({2, 3, 48}), at::randn({48, 7}).t(), at::randn({1, 48}),
                                  at::zeros({0, 48}), at::zeros({2, 48})}) {
    layer.input = input;
    const at::Tensor result = run_in(plan, layer);
    const at::Tensor truth = layer();
    ASSERT_EQ(result.sizes(), truth.sizes());
    EXPECT_LE((result - truth).norm().item<double>(), 0.03 * truth.norm().item<double>());
  }
}

TEST_F(Mode, RunsConvolutionsWithPreparedWeights) {
  const at::Tensor weight = at::randn({8, 3, 3, 3}), bias = at::randn({8});
  const at::Tensor images = at::randn({2, 3, 10, 12});
  const auto model = [&] { return at::conv2d(images, weight, bias, {2, 1}, {1, 0}); };
  const auto plan = plan_for(fp32_preparation(), {weight}, model);
  EXPECT_EQ(plan->coverage().share(), 1);
  EXPECT_LT(error_of(run_in(plan, model), model()), 1e-5);
  const auto other_stride = [&] { return at::conv2d(images, weight, bias); };
  EXPECT_LT(error_of(run_in(plan, other_stride), other_stride()), 1e-5);
}

TEST_F(Mode, RunsConvolutionsOverOneDimension) {
  const at::Tensor weight = at::randn({8, 2, 5}), bias = at::randn({8}),
                   sound = at::randn({3, 4, 30});
  const auto model = [&] { return at::conv1d(sound, weight, bias, 2, 1, 1, 2); };
  for (const auto& [preparation, most] :
       {std::pair{&fp32_preparation(), 1e-5}, {&int8_preparation(), 0.03}}) {
    const auto plan = plan_for(*preparation, {weight}, model);
    EXPECT_EQ(plan->coverage().share(), 1);
    const at::Tensor result = run_in(plan, model);
    EXPECT_EQ(result.sizes(), model().sizes());
    EXPECT_LT(error_of(result, model()), most);
  }
}

TEST_F(Mode, CountsTheFlopsOfAConvolution) {
  const at::Tensor images = at::ones({2, 4, 10, 12}), weight = at::ones({8, 2, 3, 3}), none;
  const std::vector<std::int64_t> stride{2, 1}, padding{1, 0}, dilation{1, 2};
  const ConvolutionCall call{"convolution", images, weight, none, stride, padding, dilation, 2};
  const at::Tensor result = at::conv2d(images, weight, {}, stride, padding, dilation, 2);
  EXPECT_EQ(call.flops(), 2.0 * static_cast<double>(result.numel()) * 2 * 3 * 3);
}

TEST_F(Mode, TellsWhatDoesNotRunInThePrecision) {
  const Layer layer;
  const at::Tensor computed = at::randn({32, 64});
  const auto model = [&] { return at::matmul(layer(), computed); };
  const auto plan = plan_for(int8_preparation(), {layer.weight}, model);
  const double products = 48 * 32, rest = 32 * 64;
  EXPECT_DOUBLE_EQ(plan->coverage().share(), products / (products + rest));
  EXPECT_THAT(plan->coverage().uncovered(),
              ElementsAre(testing::AllOf(Field(&Uncovered::op, "matmul"),
                                         Field(&Uncovered::reason, HasSubstr("no weight")))));
}

TEST_F(Mode, TellsWhyAWeightIsNotPrepared) {
  Layer layer;
  layer.weight[0][0] = NAN;
  const auto plan = plan_for(int8_preparation(), {layer.weight}, layer);
  EXPECT_EQ(plan->coverage().share(), 0);
  EXPECT_THAT(plan->coverage().uncovered(),
              ElementsAre(Field(&Uncovered::reason, HasSubstr("not finite"))));
  EXPECT_TRUE(run_in(plan, layer)[1].isfinite().all().item<bool>() ||
              !layer()[1].isfinite().all().item<bool>());
}

TEST_F(Mode, DoesNotCoverRecurrentLayers) {
  const at::Tensor input = at::randn({3, 2, 4}), state = at::zeros({1, 2, 5});
  const std::vector<at::Tensor> parameters{at::randn({20, 4}), at::randn({20, 5}), at::randn({20}),
                                           at::randn({20})};
  const auto model = [&] {
    return std::get<0>(
        at::lstm(input, {state, state}, parameters, true, 1, 0.0, false, false, false));
  };
  const auto plan = plan_for(int8_preparation(), parameters, model);
  EXPECT_THAT(plan->coverage().uncovered(), ElementsAre(Field(&Uncovered::op, "lstm")));
  EXPECT_LT(error_of(run_in(plan, model), model()), 1e-6);
}

TEST_F(Mode, QuantisesWhatSeveralWeightsReadOnceWhereThatIsShared) {
  const at::Tensor input = at::randn({5, 48});
  const auto values = [&](const at::Tensor& of) { return quantize_rows(of, of).values; };
  EXPECT_NE(values(input).const_data_ptr(), values(input).const_data_ptr());
  {
    const auto sharing = share_quantized_rows();
    const at::Tensor first = values(input);
    EXPECT_TRUE(values(input).is_same(first));
    const at::Tensor other = at::randn({5, 48});
    EXPECT_FALSE(values(other).equal(first));
    EXPECT_TRUE(values(input).equal(first));
    EXPECT_EQ(quantize_rows(input, input.view({10, 24})).scales.numel(), 10);
    std::thread([&] { EXPECT_FALSE(values(input).is_same(values(input))); }).join();
  }
  const at::Tensor after = values(input);
  EXPECT_FALSE(values(input).is_same(after));
}

TEST_F(Mode, SharesNothingOfATensorThatIsGone) {
  const auto sharing = share_quantized_rows();
  for (int i = 0; i < 50; ++i) {
    const at::Tensor input = at::full({3, 16}, 1.0 + i);  // The same address, mostly.
    EXPECT_NEAR(quantize_rows(input, input).scales[0].item<double>() * 127, 1.0 + i, 1e-3);
  }
}

}  // namespace
}  // namespace autotune
