#include "tuner/race.hpp"

#include <algorithm>
#include <random>

#include "search/shuffle_by_arm.hpp"

namespace autotune {
std::size_t race(std::vector<Config> finalists, std::size_t max_rounds, std::uint64_t seed,
                 const std::function<bool(const Config&)>& measure,
                 const std::function<bool()>& may_go_on,
                 const std::function<void(std::size_t, std::vector<Config>&)>& thin) {
  std::mt19937_64 generator(seed);
  std::size_t rounds = 0;
  while (rounds < max_rounds && !finalists.empty() && may_go_on()) {
    shuffle_by_arm(finalists, generator, [](const Config& config) { return config.arm; });
    std::erase_if(finalists, [&](const Config& config) { return !measure(config); });
    ++rounds;
    thin(rounds, finalists);
  }
  return rounds;
}

}  // namespace autotune
