#include "search/hybrid/costs.hpp"

#include <gmock/gmock.h>

#include "unit/search/simulated_device.hpp"

namespace autotune {
namespace {

/// Arms whose first switch loads them and whose later ones find them loaded.
struct ResidentArms {
  double first_seconds = 10;
  double later_seconds = 0.05;
  std::vector<std::size_t> resident;
  Costs costs{{.seconds = 1000}};

  void window(std::size_t arm) {
    const bool switches = !costs.loaded(arm);
    const bool again = std::ranges::count(resident, arm) > 0;
    if (!again) resident.push_back(arm);
    const double switching = !switches ? 0 : again ? later_seconds : first_seconds;
    costs.learn({.kind = StepKind::window, .candidate = {arm, 1}}, {.seconds = 2 + switching});
  }
};

TEST(SwitchCosts, AreThoseOfNowWhereArmsStayLoaded) {
  ResidentArms arms;
  for (const std::size_t arm : {0, 1, 2, 0, 1}) arms.window(arm);
  EXPECT_NEAR(arms.costs.switch_seconds(0), 0.05, 1e-9);
  EXPECT_NEAR(arms.costs.seconds_in(StepKind::window, 0), 2 + 0.05 / 2, 1e-9);
  EXPECT_NEAR(arms.costs.switch_seconds(2), 10, 1e-9) << "it was switched to once";
}

TEST(SwitchCosts, OfAnArmNeverSwitchedToAreThoseOfFirstSwitches) {
  ResidentArms arms;
  for (const std::size_t arm : {0, 1, 2, 1, 2, 1, 2}) arms.window(arm);
  EXPECT_NEAR(arms.costs.switch_seconds(3), 10, 1e-9);
}

TEST(SwitchCosts, FollowAnArmThatIsNoLongerLoaded) {
  ResidentArms arms;
  for (const std::size_t arm : {0, 1, 0, 1}) arms.window(arm);
  std::erase(arms.resident, 1U);
  for (const std::size_t arm : {0, 1, 0}) arms.window(arm);
  EXPECT_NEAR(arms.costs.switch_seconds(1), 10, 1e-9);
}

TEST(SwitchCosts, AreTheConstantWhereTheyAreConstant) {
  ResidentArms arms{.later_seconds = 10};
  for (const std::size_t arm : {0, 1, 0, 2, 1}) arms.window(arm);
  for (const std::size_t arm : {0, 1, 2, 3}) EXPECT_NEAR(arms.costs.switch_seconds(arm), 10, 1e-9);
}

}  // namespace
}  // namespace autotune
