#include "torch/arm_shelf.hpp"

#include <algorithm>
#include <utility>

namespace autotune {

void ArmShelf::put(ReadyArm arm) {
  if (most_bytes_ == 0 || arm.bytes > most_bytes_) return;
  while (bytes() + arm.bytes > most_bytes_) arms_.pop_front();
  arms_.push_back(std::move(arm));
}

std::optional<ReadyArm> ArmShelf::take(const Arm& arm) {
  const auto found = std::ranges::find(arms_, arm, &ReadyArm::arm);
  if (found == arms_.end()) return std::nullopt;
  ReadyArm taken = std::move(*found);
  arms_.erase(found);
  return taken;
}

std::uint64_t ArmShelf::bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const ReadyArm& arm : arms_) sum += arm.bytes;
  return sum;
}

}  // namespace autotune
