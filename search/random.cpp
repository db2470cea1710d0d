#include <algorithm>
#include <random>

#include "search/searchers.hpp"
#include "search/stepwise.hpp"

namespace autotune {
namespace {

class Random final : public Stepwise {
 public:
  Random(SearchSpace space, SearchOptions options)
      : Stepwise(std::move(space), std::move(options)) {
    for (std::size_t arm = 0; arm < this->space().arms.size(); ++arm) {
      for (const int batch : this->space().arms[arm].batches) order_.push_back({arm, batch});
    }
    std::mt19937_64 generator(this->options().seed);
    std::shuffle(order_.begin(), order_.end(), generator);
    if (this->options().incumbent) std::erase(order_, *this->options().incumbent);
  }

 private:
  std::optional<Step> next() override {
    while (next_ < order_.size()) {
      const Candidate candidate = order_[next_++];
      if (open(candidate)) return window_of(candidate);
    }
    return std::nullopt;
  }

  std::string reason() const override { return "every configuration was measured or ruled out"; }

  std::vector<Candidate> order_;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Searcher> make_random(SearchSpace space, SearchOptions options) {
  return std::make_unique<Random>(std::move(space), std::move(options));
}

}  // namespace autotune
