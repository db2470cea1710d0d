// A process in which another library has taken the mode's dispatch key.
#include <gmock/gmock.h>
#include <torch/library.h>

#include "models.hpp"
#include "torch/mode/interception.hpp"

TORCH_LIBRARY_IMPL(_, DeferredInit, library) {
  library.fallback(torch::CppFunction::makeFallthrough());
}

namespace autotune {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(NoMode, IsSaid) { EXPECT_THAT(interception_obstacle(), HasSubstr("cannot be intercepted")); }

TEST(NoMode, LeavesThePlainArms) {
  auto workload = workload_for("mlp", "x16");
  const Description description = workload.describe();
  EXPECT_THAT(description.arms, Each(Field(&Arm::layout, Layout::plain)));
  EXPECT_THAT(description.unsupported,
              Contains(AllOf(Field(&UnsupportedArm::layout, Layout::prepacked),
                             Field(&UnsupportedArm::reason, HasSubstr("cannot be intercepted")))));
  EXPECT_EQ(workload.prepare({.arm = {}}).status, TrialStatus::ok);
}

TEST(NoMode, RefusesAPreparedArmThatIsNamed) {
  auto workload = workload_for("mlp", "x16");
  const Prepared prepared = workload.prepare({.arm = {.layout = Layout::prepacked}});
  EXPECT_EQ(prepared.status, TrialStatus::unsupported);
  EXPECT_THAT(prepared.reason, HasSubstr("cannot be intercepted"));
}

}  // namespace
}  // namespace autotune
