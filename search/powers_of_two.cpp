#include "search/batches.hpp"
#include "search/searchers.hpp"
#include "search/stepwise.hpp"

namespace autotune {
namespace {

/// One window of every power of two, arm by arm and rising, so that an arm runs out of memory once.
class PowersOfTwo final : public Stepwise {
 public:
  PowersOfTwo(SearchSpace space, SearchOptions options)
      : Stepwise(std::move(space), std::move(options)) {
    const auto& arms = this->space().arms;
    for (std::size_t arm = 0; arm < arms.size(); ++arm) {
      for (const int batch : powers_of_two(arms[arm].batches)) order_.push_back({arm, batch});
    }
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

  std::string reason() const override { return "every power of two was measured or ruled out"; }

  std::vector<Candidate> order_;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Searcher> make_powers_of_two(SearchSpace space, SearchOptions options) {
  return std::make_unique<PowersOfTwo>(std::move(space), std::move(options));
}

}  // namespace autotune
