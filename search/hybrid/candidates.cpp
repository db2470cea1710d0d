#include "search/hybrid/candidates.hpp"

#include <cmath>
#include <set>

namespace autotune {
namespace {

// Below a fifth of the largest batch the fixed cost of an iteration outweighs every edge
// (research on search, section 2: energy at the smallest batch is 4 to 8 times the best).
constexpr double lowest_share = 0.2;
constexpr int multiples_each = 4;
constexpr int largest_powers = 3;

}  // namespace

bool is_power_of_two(int batch) noexcept { return batch > 0 && (batch & (batch - 1)) == 0; }

std::vector<std::size_t> edge_points(const Grid& grid, std::size_t arm, std::size_t last,
                                     double units_per_row, const std::vector<int>& prior_edges) {
  const double largest = grid.batch(last);
  std::set<std::size_t> chosen{last};
  const auto add = [&](double batch) {
    if (batch < lowest_share * largest || batch > largest) return;
    if (const auto point = grid.at_most(arm, batch)) chosen.insert(*point);
  };
  for (const int tile : {8, 16, 32, 64, 128, 256}) {
    const double units = largest * units_per_row;
    const double most = std::floor(units / tile);
    const double least = std::ceil(lowest_share * units / tile);
    // Spread over the range: the first few of many multiples would all be near the largest batch.
    const double stride = std::max(1.0, std::floor((most - least + 1) / multiples_each));
    for (int i = 0; i < multiples_each && most - i * stride >= std::max(least, 1.0); ++i) {
      add(std::floor((most - i * stride) * tile / units_per_row));
    }
  }
  int power = 1;
  while (2.0 * power <= largest) power *= 2;
  for (int i = 0; i < largest_powers && power > 0; ++i, power /= 2) {
    if (grid.find({arm, power})) add(power);
  }
  for (const int edge : prior_edges) add(edge);
  return {chosen.begin(), chosen.end()};
}

}  // namespace autotune
