#include <gmock/gmock.h>

#include "autotune/error.hpp"
#include "session/meter_test.hpp"
#include "support/synthetic_workload.hpp"

namespace autotune {
namespace {

using testing::FakeClock;
using ::testing::HasSubstr;
using testing::SyntheticWorkload;

const Arm fp32;
const Arm bf16{.precision = Precision::bf16};

struct Model {
  explicit Model(double seconds_per_row, SyntheticWorkload::Behaviour behaviour = {})
      : workload(clock, {fp32, bf16}, [&] {
          behaviour.seconds = [=](const Config& config) { return seconds_per_row * config.batch; };
          return behaviour;
        }()) {}
  FakeClock clock;
  SyntheticWorkload workload;
};

TEST(ModelLoad, HalvesTheBatchUntilItCanBeSwitchedInStep) {
  Model model(0.0005);
  ModelLoad load(model.workload, 32);
  EXPECT_EQ(load.batch(), 4);  // 2 ms an iteration, of slices of 5 ms.
  EXPECT_NEAR(load.load().switch_seconds, 0.007, 1e-9);
}

TEST(ModelLoad, KeepsTheBatchOfASmallModel) {
  Model model(0.00001);
  EXPECT_EQ(ModelLoad(model.workload, 32).batch(), 32);
}

TEST(ModelLoad, TellsThatOneRowOfALargeModelTakesLong) {
  Model model(0.04);
  ModelLoad load(model.workload, 32);
  EXPECT_EQ(load.batch(), 1);
  EXPECT_NEAR(load.load().switch_seconds, 0.045, 1e-9);
}

TEST(ModelLoad, HalvesABatchThatDoesNotFit) {
  Model model(0.0001, {.status = [](const Config& config) {
                return config.batch > 8 ? TrialStatus::out_of_memory : TrialStatus::ok;
              }});
  EXPECT_EQ(ModelLoad(model.workload, 32).batch(), 8);
}

TEST(ModelLoad, TakesTheNextArmWhereTheFirstDoesNotRun) {
  Model model(0.0001, {.status = [](const Config& config) {
                return config.arm == fp32 ? TrialStatus::crashed : TrialStatus::ok;
              }});
  const ModelLoad load(model.workload, 4);
  EXPECT_THAT(model.workload.calls().back(), HasSubstr("run batch=4,precision=bf16"));
}

TEST(ModelLoad, RefusesToTestAnIdleDevice) {
  Model model(0.0001, {.status = [](const Config&) { return TrialStatus::crashed; }});
  try {
    const ModelLoad load(model.workload, 4);
    FAIL() << "nothing runs";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::model);
    EXPECT_THAT(error.what(), HasSubstr("precision=bf16,layout=plain: made to fail"));
  }
}

}  // namespace
}  // namespace autotune
