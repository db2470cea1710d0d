#include "search/batches.hpp"
#include "search/in_order.hpp"
#include "search/searchers.hpp"

namespace autotune {
namespace {

/// One window of every power of two, arm by arm and rising, so that an arm runs out of memory once.
class PowersOfTwo final : public InOrder {
 public:
  PowersOfTwo(SearchSpace space, SearchOptions options)
      : InOrder(std::move(space), std::move(options)) {
    std::vector<Candidate> order;
    const auto& arms = this->space().arms;
    for (std::size_t arm = 0; arm < arms.size(); ++arm) {
      for (const int batch : powers_of_two(arms[arm].batches)) order.push_back({arm, batch});
    }
    visit(std::move(order));
  }

 private:
  std::string reason() const override { return "every power of two was measured or ruled out"; }
};

}  // namespace

std::unique_ptr<Searcher> make_powers_of_two(SearchSpace space, SearchOptions options) {
  return std::make_unique<PowersOfTwo>(std::move(space), std::move(options));
}

}  // namespace autotune
