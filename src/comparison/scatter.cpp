#include "comparison/scatter.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "comparison/distributions.hpp"

namespace autotune {
namespace {

// Chance that a race without a noisy configuration has one taken out, over all the sets that could
// have been the noisiest.
constexpr double significance = 0.02;

// Relative scatter of 1e-9 is rounding, not noise.
constexpr double rounding_variance = 1e-18;

constexpr int min_windows_to_judge = 3;

using Configurations = std::vector<std::size_t>;

Configurations first(const Configurations& order, std::size_t size) {
  return {order.begin(), order.begin() + static_cast<std::ptrdiff_t>(size)};
}

std::vector<RaceRow> rows_of(std::span<const RaceRow> rows, const Configurations& wanted) {
  std::vector<RaceRow> chosen;
  std::ranges::copy_if(rows, std::back_inserter(chosen), [&](const RaceRow& row) {
    return std::ranges::count(wanted, row.configuration) > 0;
  });
  return chosen;
}

/// All configurations, the one with the largest mean squared residual last; those with too few
/// windows to judge come first.
Configurations by_scatter(std::span<const RaceRow> rows, const ModelShape& shape,
                          const LinearFit& joint) {
  std::map<std::size_t, std::pair<double, int>> sums;
  for (const RaceRow& row : rows) {
    const double residual = row.log_joules - predict(row, shape, joint.parameters);
    auto& [squares, count] = sums[row.configuration];
    squares += residual * residual;
    ++count;
  }
  Configurations order;
  for (const auto& [configuration, sum] : sums) order.push_back(configuration);
  std::ranges::stable_sort(order, {}, [&](std::size_t configuration) {
    const auto& [squares, count] = sums[configuration];
    return count < min_windows_to_judge ? -1 : squares / count;
  });
  return order;
}

/// In how many ways `chosen` of `all` can be chosen.
double combinations(std::size_t all, std::size_t chosen) {
  double ways = 1;
  for (std::size_t i = 0; i < chosen; ++i) {
    ways *= static_cast<double>(all - i) / static_cast<double>(i + 1);
  }
  return ways;
}

/// How many of the quietest configurations make the pool.
std::size_t pool_size(std::span<const RaceRow> rows, const ModelShape& shape,
                      const Configurations& order, const LinearFit& joint) {
  std::size_t best_size = order.size();
  double least_chance = significance;
  for (std::size_t size = 2; size < order.size(); ++size) {
    const LinearFit base = fit(rows_of(rows, first(order, size)), shape);
    const double degrees = joint.degrees - base.degrees;
    if (base.degrees < 1 || degrees < 1) continue;
    const double variance = std::max(base.squares / base.degrees, rounding_variance);
    const double f = (joint.squares - base.squares) / degrees / variance;
    const double sets = combinations(order.size(), size) * static_cast<double>(order.size() - 2);
    const double chance = sets * f_upper_tail(std::max(f, 0.0), degrees, base.degrees);
    if (chance < least_chance) {
      least_chance = chance;
      best_size = size;
    }
  }
  return best_size;
}

/// The scatter of one configuration about the drift that the pool tells.
ScatterGroup scatter_about(std::span<const RaceRow> rows, const ModelShape& shape,
                           const Configurations& pool, const LinearFit& base,
                           std::size_t configuration) {
  Configurations both = pool;
  both.push_back(configuration);
  std::vector<RaceRow> weighted = rows_of(rows, both);
  // So light that it does not bend the drift towards itself, which would hide its scatter.
  for (RaceRow& row : weighted) {
    if (row.configuration == configuration) row.weight = least_weight;
  }
  const LinearFit joint = fit(weighted, shape);
  const double degrees = joint.degrees - base.degrees;
  if (degrees < 1) return {{configuration}};
  return {{configuration}, (joint.squares - base.squares) / least_weight / degrees, degrees};
}

}  // namespace

std::vector<ScatterGroup> scatter_groups(std::span<const RaceRow> rows, const ModelShape& shape) {
  const LinearFit joint = fit(rows, shape);
  const Configurations order = by_scatter(rows, shape, joint);
  const Configurations pool = first(order, pool_size(rows, shape, order, joint));
  const LinearFit base = fit(rows_of(rows, pool), shape);
  std::vector<ScatterGroup> groups{
      {pool, base.degrees > 0 ? base.squares / base.degrees : 0, base.degrees}};
  for (std::size_t noisy = pool.size(); noisy < order.size(); ++noisy) {
    groups.push_back(scatter_about(rows, shape, pool, base, order[noisy]));
  }
  return groups;
}

}  // namespace autotune
