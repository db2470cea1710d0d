#include "search/replay/in_order_sweep.hpp"

#include "search/batches.hpp"
#include "search/in_order.hpp"

namespace autotune::replay {
namespace {

class InOrderSweep final : public InOrder {
 public:
  InOrderSweep(SearchSpace space, SearchOptions options)
      : InOrder(std::move(space), std::move(options)) {
    visit(every_candidate(this->space()));
  }

 private:
  std::string reason() const override { return "every configuration was measured or ruled out"; }
};

}  // namespace

std::unique_ptr<Searcher> make_in_order_sweep(SearchSpace space, SearchOptions options) {
  return std::make_unique<InOrderSweep>(std::move(space), std::move(options));
}

Spent sweep_cost(const Table& table, const Charges& charges) {
  Spent spent;
  double switching = 0;  // None before the first arm.
  for (std::size_t arm = 0; arm < table.space().arms.size(); ++arm) {
    for (const int batch : table.space().arms[arm].batches) {
      const Candidate candidate{arm, batch};
      const bool fails = table.at(candidate).fails();
      const double seconds =
          switching +
          seconds_of({.kind = StepKind::window, .candidate = candidate}, fails, charges);
      switching = 0;
      ++spent.windows;
      spent.seconds += seconds;
      spent.joules += seconds * table.watts(candidate);
      spent.out_of_memory += table.at(candidate).status == TrialStatus::out_of_memory;
      if (table.at(candidate).status != TrialStatus::ok) break;
    }
    switching = charges.switch_seconds;
  }
  return spent;
}

}  // namespace autotune::replay
