#include "torch/arms/fuser.hpp"

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/codegen/fuser/interface.h>
#include <torch/csrc/jit/passes/tensorexpr_fuser.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

namespace autotune {

namespace jit = torch::jit;

void fuse_for_any_shape() {
  jit::FusionStrategy strategy = {{jit::FusionBehavior::DYNAMIC, 20}};
  jit::setFusionStrategy(strategy);
}

bool fuses(c10::Device device) {
  const bool allowed = device.is_cuda() ? jit::canFuseOnGPU() : jit::canFuseOnCPU();
  return allowed && (device.is_cuda() || device.is_cpu()) && jit::tensorExprFuserEnabled();
}

std::shared_ptr<void> without_fuser() {
  return std::make_shared<jit::GraphOptimizerEnabledGuard>(false);
}

}  // namespace autotune
