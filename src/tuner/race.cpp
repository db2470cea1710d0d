#include "tuner/race.hpp"

#include <algorithm>
#include <random>

namespace autotune {
namespace {

/// Random order in which configurations of one arm are neighbours.
void shuffle_by_arm(std::vector<Config>& configs, std::mt19937_64& generator) {
  std::shuffle(configs.begin(), configs.end(), generator);
  for (auto group = configs.begin(); group != configs.end();) {
    const Arm arm = group->arm;
    group = std::stable_partition(group, configs.end(),
                                  [&](const Config& config) { return config.arm == arm; });
  }
}

}  // namespace

std::size_t race(std::vector<Config> finalists, std::size_t max_rounds, std::uint64_t seed,
                 const std::function<bool(const Config&)>& measure,
                 const std::function<bool()>& may_go_on,
                 const std::function<void(std::size_t, std::vector<Config>&)>& thin) {
  std::mt19937_64 generator(seed);
  std::size_t rounds = 0;
  while (rounds < max_rounds && !finalists.empty() && may_go_on()) {
    shuffle_by_arm(finalists, generator);
    std::erase_if(finalists, [&](const Config& config) { return !measure(config); });
    ++rounds;
    thin(rounds, finalists);
  }
  return rounds;
}

}  // namespace autotune
