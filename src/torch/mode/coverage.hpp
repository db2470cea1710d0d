#pragma once
#include <map>
#include <string>
#include <vector>

#include "autotune/trial.hpp"

namespace autotune {

/// Which matrix FLOPs of a model run in the arm's precision, and why the others do not.
class CoverageCount {
 public:
  /// @param reason why the operation did not run in the precision; empty if it did
  void add(const std::string& op, double flops, const std::string& reason);

  /// Share of the FLOPs that ran in the precision; 1 where there are none.
  [[nodiscard]] double share() const;

  /// What did not, the largest share first.
  [[nodiscard]] std::vector<Uncovered> uncovered() const;

 private:
  double all_ = 0;
  double covered_ = 0;
  std::map<std::pair<std::string, std::string>, double> missed_;  ///< By operation and reason.
};

}  // namespace autotune
