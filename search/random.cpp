#include <algorithm>
#include <random>

#include "search/in_order.hpp"
#include "search/searchers.hpp"

namespace autotune {
namespace {

class Random final : public InOrder {
 public:
  Random(SearchSpace space, SearchOptions options) : InOrder(std::move(space), std::move(options)) {
    std::vector<Candidate> order;
    const auto& arms = this->space().arms;
    for (std::size_t arm = 0; arm < arms.size(); ++arm) {
      for (const int batch : arms[arm].batches) order.push_back({arm, batch});
    }
    std::mt19937_64 generator(this->options().seed);
    std::shuffle(order.begin(), order.end(), generator);
    visit(std::move(order));
  }

 private:
  std::string reason() const override { return "every configuration was measured or ruled out"; }
};

}  // namespace

std::unique_ptr<Searcher> make_random(SearchSpace space, SearchOptions options) {
  return std::make_unique<Random>(std::move(space), std::move(options));
}

}  // namespace autotune
