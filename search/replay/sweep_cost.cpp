#include "search/replay/sweep_cost.hpp"

namespace autotune::replay {

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
