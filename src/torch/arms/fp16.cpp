#include "torch/arms/arm_methods.hpp"
#include "torch/arms/cast.hpp"

namespace autotune {
namespace {

std::string obstacle(const Target& target) {
  if (target.device.is_cuda()) {
    return target.compute_capability >= 53 || target.compute_capability == 0
               ? ""
               : "this GPU has no FP16 arithmetic (compute capability below 5.3)";
  }
  const auto& has = target.cpu_features;
  const bool native =
      has.count("avx512_fp16") != 0 || has.count("amx_fp16") != 0 || has.count("asimdhp") != 0;
  return native || target.allow_emulation
             ? ""
             : "this CPU has no FP16 arithmetic (AVX512-FP16 or AMX-FP16): it runs emulated, "
               "several times slower than FP32";
}

}  // namespace

PrecisionMethod fp16_method() {
  return {.precision = Precision::fp16,
          .obstacle = obstacle,
          .routes = [](const ModelFacts& facts) { return cast_routes(facts, at::kHalf); }};
}

}  // namespace autotune
