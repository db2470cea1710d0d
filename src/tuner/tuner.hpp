#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "autotune/tuner.hpp"
#include "measure/runner.hpp"
#include "tuner/arm_survey.hpp"
#include "tuner/spend.hpp"
#include "tuner/standings.hpp"
#include "tuner/steps.hpp"
#include "tuner/trial_book.hpp"

namespace autotune {

/// One tune, from the description to the result.
class Tuner {
 public:
  Tuner(Workload& workload, const std::vector<std::unique_ptr<EnergyMeter>>& meters, Clock& clock,
        const TuneOptions& options);

  [[nodiscard]] TuneResult run();

 private:
  static constexpr std::size_t min_race_rounds = 2;  ///< An interval needs two.

  void set_up();
  void choose_arms();
  void choose_baselines();
  void open_journal();
  void soak();
  void measure_baselines();
  void survey_arms();
  /// @param until_seconds asked before each step: what a race costs is learnt on the way
  /// @param windows no more than these, if given
  /// @return what the searcher would race, the most promising first; empty if it has no opinion
  [[nodiscard]] std::vector<Config> search(const std::vector<Arm>& arms,
                                           const std::function<double()>& until_seconds,
                                           std::optional<int> windows = {});
  [[nodiscard]] SearchOptions search_options(const std::vector<Arm>& arms, double until_seconds,
                                             std::optional<int> windows) const;
  void measure_closest_miss(const Searcher& searcher, const std::vector<Arm>& arms,
                            double until_seconds);
  void measure_curve(const std::function<double()>& until_seconds);
  void race_finalists();
  void confirm_accuracy();
  void confirm_saving();
  [[nodiscard]] TuneResult conclude();

  [[nodiscard]] SearchSpace space_of(const std::vector<Arm>& arms) const;
  [[nodiscard]] int first_batch() const;
  [[nodiscard]] int last_batch() const;
  [[nodiscard]] std::vector<int> batches_measured(const Arm& arm) const;
  [[nodiscard]] Outcome take(const Step& step, const Config& config);
  [[nodiscard]] Outcome measure(const Config& config);
  [[nodiscard]] Outcome charged(const std::function<Window()>& work);
  [[nodiscard]] bool race_window(const Config& config);
  void compare(std::size_t rounds, std::vector<Config>& finalists);
  [[nodiscard]] std::vector<Config> entrants() const;
  [[nodiscard]] std::vector<Config> finalists() const;
  [[nodiscard]] double search_ends_at() const;
  [[nodiscard]] double race_ends_at() const;
  [[nodiscard]] double step_seconds(const Config& config) const;
  [[nodiscard]] double median_step_seconds() const;
  [[nodiscard]] std::vector<Trial> ranked() const;
  [[nodiscard]] std::vector<std::string> warnings_of_arms() const;
  [[nodiscard]] std::vector<std::string> closing_warnings() const;
  [[nodiscard]] std::optional<Trial> lossy_best(const Trial& best) const;
  [[nodiscard]] std::vector<Baseline> baselines(const Trial& best) const;
  [[nodiscard]] bool may_spend(double until_seconds) const;
  /// The spent share of the budget that is spent most, in seconds: where joules are scarcer than
  /// time, every share and cost that is reckoned in seconds of the budget is one of joules.
  [[nodiscard]] double spent_seconds() const;
  [[nodiscard]] bool stopped() const;
  [[nodiscard]] std::string why_over() const;  ///< What ended it too early, for a sentence.
  void report(const Config& config) const;

  Workload& workload_;
  Clock& clock_;
  const TuneOptions& options_;
  Spend spend_;
  double budget_seconds_;
  Effort effort_;  ///< What the budget can hold of the effort asked for.
  Description description_;
  std::unique_ptr<Runner> runner_;
  std::optional<Journal> journal_;
  std::unique_ptr<Steps> steps_;
  const std::vector<std::unique_ptr<EnergyMeter>>& meters_;
  std::vector<Arm> arms_;  ///< What the user's lists leave of the workload's.
  ArmSurvey survey_;
  TrialBook book_;
  std::vector<Arm> looked_at_;  ///< By fits and probes.
  double window_seconds_ = 0;   ///< Of the last one.
  /// What each window of the search took, in seconds of the budget.
  std::vector<std::pair<Config, double>> step_seconds_;
  std::vector<std::pair<Config, Outcome>> baseline_outcomes_;  ///< Told when a searcher asks.
  std::vector<Trial> earlier_trials_;
  std::vector<Config> promising_;  ///< What the searcher would race, most promising first.
  std::string search_ended_;       ///< Why.
  double search_seconds_ = 0;      ///< From the start of the tune.
  Config incumbent_;
  Config fp32_smallest_batch_;
  std::size_t configurations_ = 0;
  std::size_t race_rounds_ = 0;
  std::optional<Ratio> confirmed_saving_;  ///< Of the best against the incumbent, at `full`.
  std::optional<Standings> standings_;     ///< Of the race, once it had two rounds.
  bool complete_ = true;
  std::vector<std::string> warnings_;
};

}  // namespace autotune
