// TorchScript's fuser on a CPU, where it has no compiler and interprets the kernels that a GPU
// would compile.
#include "torch/arms/fuser.hpp"

#include <ATen/ops/allclose.h>
#include <ATen/ops/randn.h>
#include <gmock/gmock.h>
#include <torch/csrc/jit/codegen/fuser/interface.h>
#include <torch/csrc/jit/passes/tensorexpr_fuser.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/tensorexpr/kernel.h>

#include "models.hpp"
#include "torch/models/arm_model.hpp"

namespace autotune {
namespace {

namespace jit = torch::jit;
namespace kernels = torch::jit::tensorexpr;

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// For one test.
class FuserOnCpu : public ::testing::Test {
 protected:
  FuserOnCpu() {
    jit::overrideCanFuseOnCPU(true);
    kernels::getTEMustUseLLVMOnCPU() = false;
  }
  ~FuserOnCpu() override {
    jit::overrideCanFuseOnCPU(false);
    kernels::getTEMustUseLLVMOnCPU() = true;
  }

  static ArmModel arm_of(const std::string& model, const at::Tensor& example) {
    const Target target = any_type_target();
    const auto load = [&] { return ScriptModel::load(test_file(model + ".pt"), target.device); };
    return ArmModel::make(load, load().facts(), Arm{}, target, {example}, true);
  }
};

bool has_fused_part(const jit::Block* block) {
  for (const jit::Node* node : block->nodes()) {
    if (node->kind() == c10::prim::TensorExprGroup) return true;
    for (const jit::Block* inner : node->blocks()) {
      if (has_fused_part(inner)) return true;
    }
  }
  return false;
}

TEST_F(FuserOnCpu, IsTriedBesideTheGraphAsItIsWritten) {
  const ArmModel arm = arm_of("gates", at::randn({3, 16}));
  ASSERT_EQ(arm.routes().size(), 2U);
  for (const RouteTrial& route : arm.routes()) {
    EXPECT_THAT(route.reason, IsEmpty());
    EXPECT_GT(route.ms.value_or(0), 0) << route.name;
    EXPECT_THAT(route.name, HasSubstr("true FP32, "));
  }
  EXPECT_LE(arm.routes()[0].ms, arm.routes()[1].ms);
}

TEST_F(FuserOnCpu, GivesTheSameNumbersEitherWay) {
  const at::Tensor x = at::randn({8, 16});
  ScriptModel plain = ScriptModel::load(test_file("gates.pt"), c10::kCPU);
  const at::Tensor expected = plain.forward({x}).toTensor();
  ArmModel arm = arm_of("gates", at::randn({3, 16}));
  for (int call = 0; call < 3; ++call) {
    const Entered scopes = arm.enter();
    EXPECT_TRUE(at::allclose(arm.forward({x}).toTensor(), expected, 1e-5, 1e-6)) << call;
  }
}

TEST_F(FuserOnCpu, IsLeftOutOfArmsThatNobodyTried) {
  ArmModel arm = [] {
    const Target target = any_type_target();
    const auto load = [&] { return ScriptModel::load(test_file("gates.pt"), target.device); };
    return ArmModel::make(load, load().facts(), Arm{}, target, {}, false);
  }();
  for (int call = 0; call < 3; ++call) {
    const Entered scopes = arm.enter();
    (void)arm.forward({at::randn({3, 16})});
  }
  EXPECT_FALSE(has_fused_part(jit::lastExecutedOptimizedGraph()->block()));
}

// As where the kernels' compiler is missing.
TEST_F(FuserOnCpu, IsGivenUpWhereItsKernelsDoNotCompile) {
  kernels::getTEMustUseLLVMOnCPU() = true;
  const ArmModel arm = arm_of("gates", at::randn({3, 16}));
  EXPECT_THAT(arm.routes(), ElementsAre(Field(&RouteTrial::name, "true FP32, without the fuser"),
                                        Field(&RouteTrial::reason, Not(IsEmpty()))));
}

TEST(Fuser, IsNotMentionedWhereThereIsNone) {
  const Target target = any_type_target();
  const auto load = [&] { return ScriptModel::load(test_file("gates.pt"), target.device); };
  const ArmModel arm =
      ArmModel::make(load, load().facts(), Arm{}, target, {at::randn({1, 16})}, true);
  EXPECT_THAT(arm.routes(), ElementsAre(Field(&RouteTrial::name, "true FP32")));
}

}  // namespace
}  // namespace autotune
