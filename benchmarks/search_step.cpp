// What one step of the default searcher costs: the next question after a window was told, at so
// many configurations and so many windows of as many distinct ones.
//
//     autotune_search_step
#include <benchmark/benchmark.h>

#include <cmath>
#include <numeric>
#include <random>

#include "autotune/searcher.hpp"

namespace {

using namespace autotune;

constexpr std::size_t arms = 4;

SearchSpace space_of(int configurations) {
  SearchSpace space;
  for (std::size_t arm = 0; arm < arms; ++arm) {
    std::vector<int> batches(static_cast<std::size_t>(configurations) / arms);
    std::iota(batches.begin(), batches.end(), 1);
    space.arms.push_back({std::to_string(arm), std::move(batches)});
  }
  return space;
}

class Device {
 public:
  Outcome measure(const Step& step) {
    const int batch = step.candidate.batch;
    Outcome outcome;
    outcome.seconds = step.kind == StepKind::window ? 1.5 : 0.1;
    if (step.kind == StepKind::fit) return outcome;
    const double scale = 1 + 0.02 * static_cast<double>(step.candidate.arm);
    const double milliseconds = scale * (4 + std::ceil(batch / 24.0));
    outcome.latency_ms = milliseconds * std::exp(0.002 * normal_(generator_));
    outcome.latency_p99_ms = outcome.latency_ms;
    if (step.kind == StepKind::window) {
      outcome.joules_per_unit = 0.3 * milliseconds / batch * std::exp(0.024 * normal_(generator_));
    }
    return outcome;
  }

 private:
  std::mt19937_64 generator_{1};
  std::normal_distribution<double> normal_;
};

/// A search in its exploration that was told `windows` windows.
std::unique_ptr<Searcher> searcher_after(const SearchSpace& space, int windows, Device& device) {
  auto searcher = make_searcher("hybrid", space, {.budget = {.windows = 4 * windows}});
  int told = 0;
  while (told < static_cast<int>(arms) + 4) {
    const auto step = searcher->ask();
    if (!step) break;
    told += step->kind == StepKind::window;
    searcher->tell(*step, device.measure(*step));
  }
  const auto& batches = space.arms.front().batches;
  const auto stride = batches.size() * arms / static_cast<std::size_t>(windows);
  for (std::size_t i = 0; told < windows; i += stride, ++told) {
    const Candidate candidate{i % arms, batches[i / arms % batches.size()]};
    const Step step{1 << 20, StepKind::window, candidate, 0, 0};
    searcher->tell(step, device.measure(step));
  }
  return searcher;
}

void next_step(benchmark::State& state) {
  const SearchSpace space = space_of(static_cast<int>(state.range(0)));
  const int windows = static_cast<int>(state.range(1));
  for (auto _ : state) {
    state.PauseTiming();
    Device device;
    auto searcher = searcher_after(space, windows, device);
    // The first question learns kernels anew; the next follows a single window.
    (void)searcher->ask();
    const Step told{1 << 20, StepKind::window, {1, space.arms[1].batches.back()}, 0, 0};
    searcher->tell(told, device.measure(told));
    state.ResumeTiming();
    benchmark::DoNotOptimize(searcher->ask());
    state.PauseTiming();
    searcher.reset();
    state.ResumeTiming();
  }
}

/// The dearest step: kernels and scatter are chosen anew, now and then.
void step_that_learns_anew(benchmark::State& state) {
  const SearchSpace space = space_of(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    state.PauseTiming();
    Device device;
    auto searcher = searcher_after(space, static_cast<int>(state.range(1)), device);
    state.ResumeTiming();
    benchmark::DoNotOptimize(searcher->ask());
    state.PauseTiming();
    searcher.reset();
    state.ResumeTiming();
  }
}

BENCHMARK(next_step)->Args({1000, 60})->Args({4096, 250})->Unit(benchmark::kMillisecond);
BENCHMARK(step_that_learns_anew)
    ->Args({1000, 60})
    ->Args({4096, 250})
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
