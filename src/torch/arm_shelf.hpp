#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include "autotune/config.hpp"
#include "torch/arms/loaded_arm.hpp"

namespace autotune {

/// A model that was brought to an arm, and what that took.
struct ReadyArm {
  Arm arm;
  std::unique_ptr<LoadedArm> model;
  double load_seconds = 0;
  std::uint64_t bytes = 0;  ///< Held on the device; on a CPU in the process.
  /// Of these, past LibTorch's allocator: a package's weights and code on a GPU.
  std::uint64_t bytes_past_allocator = 0;
};

/// Arms that stay loaded while another one runs, so that coming back to one costs no load. The one
/// that was put here first goes first when memory is short.
class ArmShelf {
 public:
  /// @param most_bytes of all arms together; 0: none stays
  explicit ArmShelf(std::uint64_t most_bytes) : most_bytes_(most_bytes) {}

  /// Keeps the arm where it fits, in place of older ones if need be.
  void put(ReadyArm arm);

  /// The arm, no longer here; nothing if it is not.
  [[nodiscard]] std::optional<ReadyArm> take(const Arm& arm);

  void clear() noexcept { arms_.clear(); }
  [[nodiscard]] bool empty() const noexcept { return arms_.empty(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept;

 private:
  std::uint64_t most_bytes_;
  std::list<ReadyArm> arms_;  ///< The oldest first.
};

}  // namespace autotune
