// What a workload is made of: the arms that stay loaded, the pipeline, the probe of a model.
#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <gmock/gmock.h>

#include "torch/arm_shelf.hpp"
#include "torch/models/model_probe.hpp"
#include "torch/pipeline.hpp"

namespace autotune {
namespace {

using ::testing::ElementsAre;

/// Doubles its input, and tells how many of its kind are alive.
class CountedArm final : public LoadedArm {
 public:
  explicit CountedArm(int* alive, int* most) : alive_(alive) { *most = std::max(*most, ++*alive_); }
  ~CountedArm() override { --*alive_; }
  CountedArm(const CountedArm&) = delete;
  CountedArm& operator=(const CountedArm&) = delete;

  [[nodiscard]] at::Tensor input(const at::Tensor& tensor) const override { return tensor; }
  [[nodiscard]] Entered enter() const override { return {}; }
  [[nodiscard]] c10::IValue forward(std::vector<c10::IValue> arguments) override {
    return arguments.at(0).toTensor() * 2;
  }

 private:
  int* alive_;
};

TEST(ProbeModel, HoldsOneCopyOfTheModelAtATime) {
  int alive = 0, most = 0;
  const ModelProbe probe = probe_model([&] { return std::make_unique<CountedArm>(&alive, &most); },
                                       Inputs::from_values({at::randn({4, 2})}, {}), 1);
  EXPECT_TRUE(probe.repeatable);
  EXPECT_EQ(most, 1);
}

constexpr Arm arm_of(Precision precision) { return {.precision = precision}; }

ReadyArm ready(Precision precision, std::uint64_t bytes) {
  return {.arm = arm_of(precision), .model = nullptr, .load_seconds = 2, .bytes = bytes};
}

TEST(ArmShelf, GivesAnArmBackOnce) {
  ArmShelf shelf(100);
  shelf.put(ready(Precision::bf16, 60));
  EXPECT_FALSE(shelf.take(arm_of(Precision::fp32)).has_value());
  ASSERT_TRUE(shelf.take(arm_of(Precision::bf16)).has_value());
  EXPECT_FALSE(shelf.take(arm_of(Precision::bf16)).has_value());
}

TEST(ArmShelf, LetsTheArmGoThatWasUsedLongestAgo) {
  ArmShelf shelf(100);
  shelf.put(ready(Precision::fp32, 40));
  shelf.put(ready(Precision::bf16, 40));
  shelf.put(*shelf.take(arm_of(Precision::fp32)));
  shelf.put(ready(Precision::fp16, 40));
  EXPECT_EQ(shelf.bytes(), 80U);
  EXPECT_FALSE(shelf.take(arm_of(Precision::bf16)).has_value());
  EXPECT_TRUE(shelf.take(arm_of(Precision::fp32)).has_value());
  EXPECT_TRUE(shelf.take(arm_of(Precision::fp16)).has_value());
}

TEST(ArmShelf, KeepsNothingThatDoesNotFit) {
  ArmShelf shelf(100);
  shelf.put(ready(Precision::fp32, 40));
  shelf.put(ready(Precision::bf16, 101));
  EXPECT_EQ(shelf.bytes(), 40U);
  ArmShelf none(0);
  none.put(ready(Precision::fp32, 0));
  EXPECT_TRUE(none.empty());
}

TEST(Pipeline, WaitsForTheOldestBatchOnceItIsFull) {
  std::vector<int> waited;
  int given = 0;
  Pipeline pipeline(2, [&] {
    const int batch = given++;
    return [&waited, batch] { waited.push_back(batch); };
  });
  pipeline.push();
  EXPECT_FALSE(pipeline.full());
  pipeline.push();
  EXPECT_TRUE(pipeline.full());
  EXPECT_THAT(waited, ElementsAre());
  pipeline.pop();
  pipeline.push();
  EXPECT_TRUE(pipeline.full());
  while (!pipeline.empty()) pipeline.pop();
  EXPECT_THAT(waited, ElementsAre(0, 1, 2));
}

}  // namespace
}  // namespace autotune
