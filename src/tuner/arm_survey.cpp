#include "tuner/arm_survey.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace autotune {

namespace {

constexpr int fewer_rows[] = {4, 1};

}  // namespace

void ArmSurvey::add_unsupported(const Arm& arm, const std::string& reason) {
  const UnsupportedArm failed{arm.precision, arm.layout, reason};
  if (std::ranges::find(unsupported, failed) == unsupported.end()) unsupported.push_back(failed);
}

bool is_lossy(const Accuracy& accuracy) noexcept {
  return accuracy.finite && accuracy.worst_cosine >= 0.98 && accuracy.relative_l2 <= 0.2;
}

std::string inaccuracy(const Accuracy& accuracy, const Constraints& limits) {
  if (!accuracy.finite) return "outputs are not finite";
  return fmt::format("worst cosine {:.5f} (limit {:g}), relative L2 {:.4f} (limit {:.3g})",
                     accuracy.worst_cosine, limits.min_cosine, accuracy.relative_l2,
                     limits.relative_l2_limit());
}

// Less than half of a model in INT8 is not an INT8 model.
std::string too_little_coverage(const Accuracy& accuracy, const Constraints& limits) {
  std::string text = fmt::format(
      "only {:.0f} % of its matrix FLOPs would run in the precision (--min-coverage {})",
      100 * accuracy.coverage, limits.min_coverage);
  for (const Uncovered& part : accuracy.uncovered) {
    text += fmt::format("; {:.0f} % {}: {}", 100 * part.share, part.op, part.reason);
  }
  return text;
}

ArmSurvey survey(const std::vector<Arm>& arms, Steps& steps, TrialBook& book,
                 const Constraints& limits, const std::function<bool()>& may_go_on) {
  ArmSurvey survey;
  for (const Arm& arm : arms) {
    // One arm at least: without any there is nothing to search.
    if (!survey.accepted.empty() && !may_go_on()) {
      survey.complete = false;
      break;
    }
    Prepared prepared = steps.check(arm, 0);
    // A model that fits one row at a time is worth tuning, though the comparison takes more by
    // itself.
    for (const int rows : fewer_rows) {
      if (prepared.status != TrialStatus::out_of_memory) break;
      prepared = steps.check(arm, rows);
    }
    if (prepared.status != TrialStatus::ok) {
      survey.add_unsupported(arm, prepared.reason);
      book.add_failure({1, arm}, prepared.status, prepared.reason);
      continue;
    }
    if (prepared.accuracy.coverage < limits.min_coverage) {
      const std::string reason = too_little_coverage(prepared.accuracy, limits);
      survey.add_unsupported(arm, reason);
      book.add_failure({1, arm}, TrialStatus::unsupported, reason);
      continue;
    }
    book.set_up_cost(arm, prepared.set_up);
    const bool accepted = limits.accepts(prepared.accuracy);
    const std::string reason = accepted ? "" : inaccuracy(prepared.accuracy, limits);
    book.set_accuracy(arm, prepared.accuracy, accepted, reason);
    if (accepted) {
      survey.accepted.push_back(arm);
    } else if (is_lossy(prepared.accuracy)) {
      survey.lossy.push_back(arm);
    } else {
      book.add_failure({1, arm}, TrialStatus::inaccurate, reason);
    }
  }
  return survey;
}

}  // namespace autotune
