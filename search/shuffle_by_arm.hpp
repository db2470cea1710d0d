#pragma once
#include <algorithm>
#include <random>
#include <vector>

namespace autotune {

/// Random order in which what shares an arm are neighbours, since each switch of arm costs a cast.
/// @param arm_of gives an item's arm, to compare by ==
template <typename Item, typename ArmOf>
void shuffle_by_arm(std::vector<Item>& items, std::mt19937_64& generator, const ArmOf& arm_of) {
  std::shuffle(items.begin(), items.end(), generator);
  for (auto group = items.begin(); group != items.end();) {
    const auto arm = arm_of(*group);
    group = std::stable_partition(group, items.end(),
                                  [&](const Item& item) { return arm_of(item) == arm; });
  }
}

}  // namespace autotune
