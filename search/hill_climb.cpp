#include <algorithm>
#include <map>
#include <random>

#include "search/batches.hpp"
#include "search/searchers.hpp"
#include "search/stepwise.hpp"

namespace autotune {
namespace {

/// Climbs from the incumbent, then from random places: one batch more or less, twice or half of it,
/// or another arm, whichever is first found to be better. Each configuration is measured once.
class HillClimb final : public Stepwise {
 public:
  HillClimb(SearchSpace space, SearchOptions options)
      : Stepwise(std::move(space), std::move(options)), generator_(this->options().seed) {
    for (std::size_t arm = 0; arm < this->space().arms.size(); ++arm) {
      for (const int batch : this->space().arms[arm].batches) starts_.push_back({arm, batch});
    }
    std::shuffle(starts_.begin(), starts_.end(), generator_);
  }

 private:
  std::optional<Step> next() override {
    while (!neighbours_.empty()) {
      const Candidate neighbour = neighbours_.back();
      neighbours_.pop_back();
      const auto known = cost_.find(neighbour);
      if (known == cost_.end() && open(neighbour)) return window_of(neighbour);
      if (known != cost_.end() && known->second < home_cost_) move_to(neighbour);
    }
    home_cost_ = std::numeric_limits<double>::infinity();  // The next success is a new home.
    while (!starts_.empty()) {
      const Candidate start = starts_.back();
      starts_.pop_back();
      if (!cost_.contains(start) && open(start)) return window_of(start);
    }
    return std::nullopt;
  }

  void learn(const Step& step, const Outcome& outcome) override {
    const bool counts = meets(outcome, options()) && outcome.joules_per_unit;
    const double cost = counts ? *outcome.joules_per_unit : std::numeric_limits<double>::infinity();
    cost_[step.candidate] = cost;
    if (cost < home_cost_) move_to(step.candidate);
  }

  void move_to(const Candidate& home) {
    home_cost_ = cost_.at(home);
    neighbours_ = neighbours_of(home);
    std::shuffle(neighbours_.begin(), neighbours_.end(), generator_);
  }

  [[nodiscard]] std::vector<Candidate> neighbours_of(const Candidate& home) const {
    const auto& arms = space().arms;
    const auto& batches = arms[home.arm].batches;
    const auto at = std::ranges::lower_bound(batches, home.batch);
    std::vector<Candidate> found;
    if (at != batches.begin()) found.push_back({home.arm, *std::prev(at)});
    if (std::next(at) != batches.end()) found.push_back({home.arm, *std::next(at)});
    for (const double factor : {0.5, 2.0}) {
      found.push_back({home.arm, nearest(batches, factor * home.batch)});
    }
    for (std::size_t arm = 0; arm < arms.size(); ++arm) {
      if (!arms[arm].batches.empty())
        found.push_back({arm, nearest(arms[arm].batches, home.batch)});
    }
    std::ranges::sort(found);
    found.erase(std::ranges::unique(found).begin(), found.end());
    std::erase(found, home);
    return found;
  }

  std::string reason() const override { return "every configuration was measured or ruled out"; }

  std::mt19937_64 generator_;
  std::vector<Candidate> starts_;  ///< In random order, the next one last.
  std::vector<Candidate> neighbours_;
  std::map<Candidate, double> cost_;  ///< Infinite for a failure.
  double home_cost_ = std::numeric_limits<double>::infinity();
};

}  // namespace

std::unique_ptr<Searcher> make_hill_climb(SearchSpace space, SearchOptions options) {
  return std::make_unique<HillClimb>(std::move(space), std::move(options));
}

}  // namespace autotune
