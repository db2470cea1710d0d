#include "tuner/confirmation.hpp"

#include <vector>

namespace autotune {
namespace {

std::optional<double> block(Steps& steps, const Config& config, double seconds) {
  if (!steps.settle(config, seconds)) return std::nullopt;
  return steps.window(config).joules_per_unit;
}

}  // namespace

std::optional<Ratio> confirm(Steps& steps, const Config& best, const Config& reference,
                             const ConfirmationOptions& options,
                             const std::function<bool()>& may_go_on) {
  std::vector<double> of_best, of_reference;
  for (int round = 0; round < options.rounds && may_go_on(); ++round) {
    const auto a = block(steps, best, options.block_seconds);
    const auto b = block(steps, reference, options.block_seconds);
    if (!a || !b) return std::nullopt;
    of_best.push_back(*a);
    of_reference.push_back(*b);
  }
  if (of_best.size() < 2) return std::nullopt;
  return paired_ratio(of_best, of_reference);
}

}  // namespace autotune
