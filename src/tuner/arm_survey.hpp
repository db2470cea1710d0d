#pragma once
#include <functional>
#include <string>
#include <vector>

#include "autotune/tuner.hpp"
#include "tuner/steps.hpp"
#include "tuner/trial_book.hpp"

namespace autotune {

/// Arms by what the accuracy gate says of them.
struct ArmSurvey {
  std::vector<Arm> accepted;  ///< Within the limits.
  std::vector<Arm> lossy;     ///< Outside, but close enough to show what a looser limit would save.
  std::vector<UnsupportedArm> unsupported;  ///< Failed to prepare.
  bool complete = true;                     ///< Every arm was checked.

  /// Once for all thread counts that fail alike.
  void add_unsupported(const Arm& arm, const std::string& reason);
};

/// Whether an arm outside the limits is still worth measuring (design: cosine ≥ 0.98, L2 ≤ 0.2).
[[nodiscard]] bool is_lossy(const Accuracy& accuracy) noexcept;

/// Why `accuracy` is outside `limits`, with the numbers.
[[nodiscard]] std::string inaccuracy(const Accuracy& accuracy, const Constraints& limits);

/// Prepares every arm once and compares its outputs with true FP32, until `may_go_on` says no.
[[nodiscard]] ArmSurvey survey(const std::vector<Arm>& arms, Steps& steps, TrialBook& book,
                               const Constraints& limits, const std::function<bool()>& may_go_on);

}  // namespace autotune
