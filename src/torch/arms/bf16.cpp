#include "torch/arms/arm_methods.hpp"
#include "torch/arms/cast.hpp"

namespace autotune {
namespace {

std::string obstacle(const Target& target) {
  if (target.device.is_cuda()) {
    return target.compute_capability >= 80
               ? ""
               : "this GPU has no BF16 arithmetic (compute capability below 8.0)";
  }
  const auto& has = target.cpu_features;
  const bool native =
      has.count("avx512_bf16") != 0 || has.count("amx_bf16") != 0 || has.count("bf16") != 0;
  return native || target.allow_emulation
             ? ""
             : "this CPU has no BF16 arithmetic (AVX512-BF16 or AMX-BF16): it runs emulated, "
               "several times slower than FP32";
}

}  // namespace

PrecisionMethod bf16_method() {
  return {.precision = Precision::bf16,
          .obstacle = obstacle,
          .routes = [](const ModelFacts& facts) { return cast_routes(facts, at::kBFloat16); },
          .preparation = [] { return &bf16_preparation(); }};
}

}  // namespace autotune
