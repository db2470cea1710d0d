#include <algorithm>
#include <random>

#include "search/batches.hpp"
#include "search/in_order.hpp"
#include "search/searchers.hpp"

namespace autotune {
namespace {

class Random final : public InOrder {
 public:
  Random(SearchSpace space, SearchOptions options) : InOrder(std::move(space), std::move(options)) {
    std::vector<Candidate> order = every_candidate(this->space());
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
