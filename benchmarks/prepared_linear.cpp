// One linear layer of 768 inputs and 3072 outputs: its weight prepared for each arm, beside
// LibTorch's own FP32 `linear`. Threads are the process's (OMP_NUM_THREADS).
//
//     autotune_prepared_linear --benchmark_enable_random_interleaving=true
//     --benchmark_repetitions=9
#include <ATen/Functions.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include "torch/mode/interception.hpp"
#include "torch/mode/plan.hpp"

namespace {

using namespace autotune;

constexpr std::int64_t inputs = 768, outputs = 3072;

struct Layer {
  at::Tensor weight = at::randn({outputs, inputs});
  at::Tensor bias = at::randn({outputs});
  at::Tensor input;
  explicit Layer(std::int64_t rows, at::ScalarType type)
      : input(at::randn({rows, inputs}).to(type)) {
    weight = weight.to(type);
    bias = bias.to(type);
  }
  [[nodiscard]] at::Tensor run() const { return at::linear(input, weight, bias); }
};

void count(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * state.range(0));  // Rows.
}

void plain(benchmark::State& state, at::ScalarType type) {
  const c10::InferenceMode inference;
  const Layer layer(state.range(0), type);
  for (auto _ : state) benchmark::DoNotOptimize(layer.run());
  count(state);
}

void prepared(benchmark::State& state, const Preparation& preparation, at::ScalarType type) {
  const c10::InferenceMode inference;
  const Layer layer(state.range(0), type);
  if (const std::string& obstacle = interception_obstacle(); !obstacle.empty()) {
    return state.SkipWithError(obstacle.c_str());
  }
  const auto plan = std::make_shared<Plan>(preparation, std::vector<at::Tensor>{layer.weight});
  const auto mode = intercept(plan);
  static_cast<void>(layer.run());
  plan->seal();
  if (plan->prepared() != 1) {
    return state.SkipWithError(plan->coverage().uncovered().front().reason.c_str());
  }
  for (auto _ : state) benchmark::DoNotOptimize(layer.run());
  count(state);
}

void rows(benchmark::internal::Benchmark* benchmark) {
  for (const int count : {1, 8, 16, 32, 64, 128, 256}) benchmark->Arg(count);
  benchmark->UseRealTime()->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(plain, fp32, at::kFloat)->Apply(rows);
BENCHMARK_CAPTURE(prepared, fp32, fp32_preparation(), at::kFloat)->Apply(rows);
BENCHMARK_CAPTURE(prepared, bf16, bf16_preparation(), at::kBFloat16)->Apply(rows);
BENCHMARK_CAPTURE(prepared, int8, int8_preparation(), at::kFloat)->Apply(rows);

}  // namespace

BENCHMARK_MAIN();
