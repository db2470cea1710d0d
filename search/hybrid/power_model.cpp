#include "search/hybrid/power_model.hpp"

#include <cmath>

namespace autotune {
namespace {

struct Roughness {
  double trend = 0;  ///< Along log2(batch): a full device draws more than an idle one.
  double local = 0;  ///< Near batches that share kernels.
  double point = 0;  ///< One batch alone: what no neighbour tells.
  double log_prior = 0;
};

// A Gaussian prior on ln(power): ±25–40 % along the batch, and from smooth to rough. What was
// recorded of whole layers is smooth, so the rough ones must be told by windows
// (docs/search.md#constants).
constexpr Roughness roughness[] = {
    {.25, .02, .003, 0}, {.25, .05, .01, -0.3}, {.40, .12, .02, -1}, {.40, .25, .05, -2}};

// What sets a whole arm apart: little between layouts, a lot between precisions.
constexpr double arm_scales[] = {.1, .25, .6};

constexpr double trend_length = 2.5;  // In doublings of the batch.
constexpr double between_arms = 0.7;  // How alike the trends of two arms are.
constexpr double slack_scale =
    0.3;  // Idle units save at most what they draw: power ~ throughput^0…1.
constexpr double level_scale = 1;     // The overall level is what windows are for.
constexpr double local_batches = 10;  // At least, and at least that share of the batch:
constexpr double local_share = 0.05;

// Level, trend, slack; and within an arm: the arm, what is near, the point alone.
KernelTerms terms(const Features& a, const Features& b) {
  const bool same_arm = a.arm == b.arm;
  const double alike = same_arm ? 1 : between_arms;
  KernelTerms found{1, alike * matern_5_2(a.log2_batch - b.log2_batch, trend_length),
                    alike * a.slack * b.slack};
  if (!same_arm) return found;
  const double reach = std::max(local_batches, local_share * std::sqrt(a.batch * b.batch));
  found[3] = 1;
  found[4] = std::exp(-std::abs(a.batch - b.batch) / reach);
  found[5] = a.point == b.point ? 1 : 0;
  return found;
}

KernelTerms variances(const Roughness& s, double arm_scale) {
  return {level_scale * level_scale, s.trend * s.trend, slack_scale * slack_scale,
          arm_scale * arm_scale,     s.local * s.local, s.point * s.point};
}

}  // namespace

const KernelChoice& power_kernels() {
  static const KernelChoice choice = [] {
    KernelChoice made{.terms = terms, .scatters = usual_scatters()};
    for (const Roughness& rough : roughness) {
      for (const double arm : arm_scales) {
        made.kernels.push_back({variances(rough, arm), rough.log_prior});
      }
    }
    return made;
  }();
  return choice;
}

}  // namespace autotune
