#include "autotune/prior.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace autotune {
namespace {

// Below it lies the noise of a window or two (2.4 %); the edges that matter cost 10 % and more.
constexpr double jump = 1.03;
constexpr std::size_t most_promising = 5;

bool jumps(const PriorPoint& from, const PriorPoint& to) {
  const bool beyond_noise = !from.ci95 || !to.ci95 || to.ci95->low > from.ci95->high;
  return to.joules_per_unit > jump * from.joules_per_unit && beyond_noise;
}

std::vector<int> edges_of(std::span<const PriorPoint> points) {
  std::map<std::string, std::map<int, const PriorPoint*>> curves;
  for (const PriorPoint& point : points) curves[point.arm][point.batch] = &point;
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
  std::vector<PriorPoint> points;
  for (const Trial& trial : trials) {
    const auto& measured = trial.measurement;
    if (trial.status != TrialStatus::ok || !measured || !measured->joules_per_unit) continue;
    points.push_back({to_string(trial.config.arm), trial.config.batch, *measured->joules_per_unit,
                      measured->ci95});
  }
  return prior_from_points(points, space);
}

SearchPrior prior_from_points(std::span<const PriorPoint> points, const SearchSpace& space) {
  SearchPrior prior{.edges = edges_of(points)};
  std::vector<std::pair<double, Candidate>> ranked;
  for (const PriorPoint& point : points) {
    const auto arm = std::ranges::find(space.arms, point.arm, &SearchSpace::ArmRange::name);
    if (arm == space.arms.end()) continue;
    if (!std::ranges::binary_search(arm->batches, point.batch)) continue;
    ranked.emplace_back(point.joules_per_unit,
                        Candidate{static_cast<std::size_t>(arm - space.arms.begin()), point.batch});
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
