#include "search/spending.hpp"

#include <fmt/format.h>

namespace autotune {

void Spending::learn(const Step& step, const Outcome& outcome) noexcept {
  Cost& cost = costs_[static_cast<std::size_t>(step.kind)];
  ++cost.steps;
  cost.seconds += outcome.seconds;
  cost.joules += outcome.joules;
}

const Spending::Cost& Spending::of(StepKind kind) const noexcept {
  return costs_[static_cast<std::size_t>(kind)];
}

Spending::Cost Spending::all() const noexcept {
  Cost sum;
  for (const Cost& cost : costs_) {
    sum.steps += cost.steps;
    sum.seconds += cost.seconds;
    sum.joules += cost.joules;
  }
  return sum;
}

std::optional<std::string> Spending::exhausted(const SearchBudget& budget) const {
  const Cost spent = all();
  if (budget.windows && of(StepKind::window).steps >= *budget.windows) {
    return fmt::format("the budget of {} windows is spent", *budget.windows);
  }
  if (budget.seconds && spent.seconds >= *budget.seconds) {
    return fmt::format("the budget of {:g} s is spent", *budget.seconds);
  }
  if (budget.joules && spent.joules >= *budget.joules) {
    return fmt::format("the budget of {:g} J is spent", *budget.joules);
  }
  return std::nullopt;
}

}  // namespace autotune
