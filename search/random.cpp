#include <algorithm>
#include <random>

#include "search/arm_state.hpp"
#include "search/searchers.hpp"

namespace autotune {
namespace {

class Random final : public Searcher {
 public:
  Random(SearchSpace space, SearchOptions options)
      : options_(std::move(options)), arms_(space.arms.size()) {
    for (std::size_t arm = 0; arm < space.arms.size(); ++arm) {
      for (const int batch : space.arms[arm].batches) order_.push_back({arm, batch});
    }
    std::mt19937_64 generator(options_.seed);
    std::shuffle(order_.begin(), order_.end(), generator);
    if (options_.incumbent) {
      std::erase(order_, *options_.incumbent);
      order_.insert(order_.begin(), *options_.incumbent);
    }
  }

  std::optional<Step> ask() override {
    while (next_ < order_.size()) {
      const Candidate candidate = order_[next_++];
      if (arms_[candidate.arm].open(candidate.batch)) {
        return Step{next_id_++, StepKind::window, candidate, 0, 0};
      }
    }
    return std::nullopt;
  }

  void tell(const Step& step, const Outcome& outcome) override {
    arms_[step.candidate.arm].learn(step.candidate.batch, outcome, options_);
    best_.learn(step.candidate, outcome, options_);
  }

  std::optional<Verdict> best() const override { return best_.verdict(); }

 private:
  SearchOptions options_;
  std::vector<ArmState> arms_;
  std::vector<Candidate> order_;
  std::size_t next_ = 0;
  int next_id_ = 0;
  BestSoFar best_;
};

}  // namespace

std::unique_ptr<Searcher> make_random(SearchSpace space, SearchOptions options) {
  return std::make_unique<Random>(std::move(space), std::move(options));
}

}  // namespace autotune
