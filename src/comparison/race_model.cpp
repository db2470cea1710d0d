#include "comparison/race_model.hpp"

#include <algorithm>
#include <set>

namespace autotune {
namespace {

// Energy rises by about 0.2 % per kelvin on an A100 (ML.ENERGY, "thermally stable profiling",
// 2026-03), by leakage; it never falls, and more than 0.5 % is something else in disguise.
constexpr double most_heat_per_kelvin = 0.005;

// Less than this cannot be told from the noise of windows, nor from the sensor's whole degrees.
constexpr double least_heat_range_kelvin = 2;

std::size_t count_configurations(std::span<const RaceRow> rows) {
  std::set<std::size_t> seen;
  for (const RaceRow& row : rows) seen.insert(row.configuration);
  return seen.size();
}

/// Rows with the drift on the clock, or with one level per round where the times of so few windows
/// do not tell drift from configurations.
RaceRows rows_that_tell_drift_apart(std::span<const RoundWindow> windows,
                                    std::size_t configurations) {
  RaceRows made = race_rows(windows, best_clock(windows));
  const LinearFit trial = fit(made.rows, {configurations, made.knots});
  const std::size_t full_rank = count_configurations(made.rows) + made.knots - 1;
  if (static_cast<std::size_t>(trial.rank) >= full_rank) return made;
  return race_rows(windows, DriftClock::rounds);
}

/// Range of the temperatures that neither configuration nor drift explains: what belongs to a
/// configuration is a cost of it, and no other variation can tell the effect of heat.
double free_heat_range(std::span<const RaceRow> rows, const ModelShape& shape) {
  const LinearFit heat = fit(rows, shape, [](const RaceRow& row) { return row.heat; });
  double low = 0, high = 0;
  for (const RaceRow& row : rows) {
    const double residual = row.heat - predict(row, shape, heat.parameters);
    low = std::min(low, residual);
    high = std::max(high, residual);
  }
  return high - low;
}

/// Gives the model its temperature term: estimated within its bounds, else fixed at the bound.
void settle_heat(RaceModel& model, bool has_heat) {
  if (!has_heat || free_heat_range(model.rows, model.shape) < least_heat_range_kelvin) return;
  ModelShape with_heat = model.shape;
  with_heat.heat = true;
  const LinearFit trial = fit(model.rows, with_heat);
  const double per_kelvin = trial.parameters(with_heat.size() - 1);
  if (trial.degrees < 1 || per_kelvin <= 0) return;
  if (per_kelvin < most_heat_per_kelvin) {
    model.shape = with_heat;
    return;
  }
  for (RaceRow& row : model.rows) row.log_joules -= most_heat_per_kelvin * row.heat;
}

void weigh_by_scatter(RaceModel& model) {
  const ScatterGroup& pool = model.groups.front();
  for (const ScatterGroup& group : model.groups) {
    if (group.variance <= pool.variance) continue;
    for (RaceRow& row : model.rows) {
      if (std::ranges::count(group.configurations, row.configuration)) {
        row.weight = std::max(pool.variance / group.variance, least_weight);
      }
    }
  }
}

}  // namespace

RaceModel explain(std::span<const RoundWindow> windows, std::size_t configurations) {
  RaceRows made = rows_that_tell_drift_apart(windows, configurations);
  RaceModel model{.shape = {configurations, made.knots}, .rows = std::move(made.rows)};
  settle_heat(model, made.has_heat);
  model.groups = scatter_groups(model.rows, model.shape);
  weigh_by_scatter(model);
  model.fit = fit(model.rows, model.shape);
  return model;
}

Eigen::MatrixXd level_covariance(const RaceModel& model, const ScatterGroup& group) {
  // Levels = A Σ weight·x·y with A = the top rows of the inverse, so their covariance is
  // A (Σ weight²·variance·x xᵀ) Aᵀ, summed over the group's rows.
  std::vector<RaceRow> rows;
  for (RaceRow row : model.rows) {
    if (!std::ranges::count(group.configurations, row.configuration)) continue;
    row.weight *= row.weight * group.variance;
    rows.push_back(row);
  }
  const auto a = model.fit.inverse.topRows(static_cast<Eigen::Index>(model.shape.configurations));
  return a * normal_matrix(rows, model.shape) * a.transpose();
}

}  // namespace autotune
