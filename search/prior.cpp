#include "autotune/prior.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace autotune {
namespace {

// Below it lies the noise of a window or two (2.4 %); the edges that matter cost 10 % and more.
constexpr double jump = 1.03;
constexpr std::size_t most_promising = 5;

bool measured(const Trial& trial) {
  return trial.status == TrialStatus::ok && trial.measurement && trial.measurement->joules_per_unit;
}

bool jumps(const Measurement& from, const Measurement& to) {
  const bool beyond_noise = !from.ci95 || !to.ci95 || to.ci95->low > from.ci95->high;
  return *to.joules_per_unit > jump * *from.joules_per_unit && beyond_noise;
}

std::vector<int> edges_of(std::span<const Trial> trials) {
  std::map<std::string, std::map<int, const Measurement*>> curves;
  for (const Trial& trial : trials) {
    if (!measured(trial)) continue;
    curves[to_string(trial.config.arm)][trial.config.batch] = &*trial.measurement;
  }
  std::set<int> edges;
  for (const auto& [arm, curve] : curves) {
    for (auto to = std::next(curve.begin()), from = curve.begin(); to != curve.end();
         ++to, ++from) {
      if (jumps(*from->second, *to->second)) edges.insert(from->first);
    }
  }
  return {edges.begin(), edges.end()};
}

}  // namespace

SearchPrior prior_from(std::span<const Trial> trials, const SearchSpace& space) {
  SearchPrior prior{.edges = edges_of(trials)};
  std::vector<std::pair<double, Candidate>> ranked;
  for (const Trial& trial : trials) {
    const auto arm =
        std::ranges::find(space.arms, to_string(trial.config.arm), &SearchSpace::ArmRange::name);
    if (!measured(trial) || arm == space.arms.end()) continue;
    if (!std::ranges::binary_search(arm->batches, trial.config.batch)) continue;
    ranked.emplace_back(
        *trial.measurement->joules_per_unit,
        Candidate{static_cast<std::size_t>(arm - space.arms.begin()), trial.config.batch});
  }
  std::ranges::sort(ranked);
  for (const auto& [joules, candidate] : ranked) {
    if (prior.promising.size() == most_promising) break;
    if (std::ranges::find(prior.promising, candidate) == prior.promising.end()) {
      prior.promising.push_back(candidate);
    }
  }
  return prior;
}

}  // namespace autotune
