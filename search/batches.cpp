#include "search/batches.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace autotune {

std::vector<int> powers_of_two(const std::vector<int>& batches) {
  std::vector<int> powers;
  std::ranges::copy_if(batches, std::back_inserter(powers),
                       [](int batch) { return std::has_single_bit(static_cast<unsigned>(batch)); });
  if (!powers.empty()) return powers;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const bool last_below_a_power =
        i + 1 == batches.size() || std::bit_width(static_cast<unsigned>(batches[i])) <
                                       std::bit_width(static_cast<unsigned>(batches[i + 1]));
    if (last_below_a_power) powers.push_back(batches[i]);
  }
  return powers;
}

int nearest(const std::vector<int>& batches, double wanted) {
  return *std::ranges::min_element(batches, {},
                                   [&](int batch) { return std::abs(std::log(batch / wanted)); });
}

std::vector<Candidate> every_candidate(const SearchSpace& space) {
  std::vector<Candidate> candidates;
  for (std::size_t arm = 0; arm < space.arms.size(); ++arm) {
    for (const int batch : space.arms[arm].batches) candidates.push_back({arm, batch});
  }
  return candidates;
}

}  // namespace autotune
