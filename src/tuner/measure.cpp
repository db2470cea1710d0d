#include "autotune/tuner.hpp"
#include "measure/runner.hpp"
#include "tuner/arm_survey.hpp"
#include "tuner/trial_book.hpp"

namespace autotune {

Trial measure(Workload& workload, const Description& description,
              const std::vector<std::unique_ptr<EnergyMeter>>& meters, const Config& config,
              const MeasureOptions& options, int windows, Watch* watch) {
  Runner runner(workload, meters, options, description, watch);
  TrialBook book;
  const Prepared prepared = runner.check(config.arm, config.batch);
  if (prepared.status != TrialStatus::ok) {
    return {.config = config, .status = prepared.status, .reason = prepared.reason};
  }
  book.set_up_cost(config.arm, prepared.set_up);
  const Constraints limits;
  const bool accepted = limits.accepts(prepared.accuracy);
  book.set_accuracy(config.arm, prepared.accuracy, accepted,
                    accepted ? "" : inaccuracy(prepared.accuracy, limits));
  for (int i = 0; i < windows; ++i) {
    const Window window = runner.window(config);
    book.add(config, window);
    if (window.status != TrialStatus::ok) break;
  }
  return book.find(config).value();
}

}  // namespace autotune
