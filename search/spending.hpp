#pragma once
#include <array>
#include <optional>
#include <string>

#include "autotune/searcher.hpp"

namespace autotune {

/// What the steps told so far have cost.
class Spending {
 public:
  struct Cost {
    int steps = 0;
    double seconds = 0;
    double joules = 0;
  };

  void learn(const Step& step, const Outcome& outcome) noexcept;

  [[nodiscard]] const Cost& of(StepKind kind) const noexcept;
  [[nodiscard]] Cost all() const noexcept;

  /// Which limit is reached, in a few words; nothing while there is something left.
  [[nodiscard]] std::optional<std::string> exhausted(const SearchBudget& budget) const;

 private:
  std::array<Cost, 3> costs_{};  // By StepKind.
};

}  // namespace autotune
