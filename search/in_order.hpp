#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "search/stepwise.hpp"

namespace autotune {

/// One window of each candidate of a list, in its order, but for those that have been ruled out.
class InOrder : public Stepwise {
 protected:
  using Stepwise::Stepwise;

  void visit(std::vector<Candidate> order) {
    order_ = std::move(order);
    if (options().incumbent) std::erase(order_, *options().incumbent);
  }

 private:
  std::optional<Step> next() final {
    while (next_ < order_.size()) {
      const Candidate candidate = order_[next_++];
      if (open(candidate)) return window_of(candidate);
    }
    return std::nullopt;
  }

  std::vector<Candidate> order_;
  std::size_t next_ = 0;
};

}  // namespace autotune
