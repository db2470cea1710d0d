#include "torch/mode/coverage.hpp"

#include <algorithm>

namespace autotune {

void CoverageCount::add(const std::string& op, double flops, const std::string& reason) {
  all_ += flops;
  if (reason.empty()) {
    covered_ += flops;
  } else {
    missed_[{op, reason}] += flops;
  }
}

double CoverageCount::share() const { return all_ > 0 ? covered_ / all_ : 1; }

std::vector<Uncovered> CoverageCount::uncovered() const {
  std::vector<Uncovered> list;
  for (const auto& [key, flops] : missed_) {
    if (flops > 0) list.push_back({key.first, flops / all_, key.second});
  }
  std::ranges::stable_sort(list, std::ranges::greater(), &Uncovered::share);
  return list;
}

}  // namespace autotune
