#pragma once
#include <optional>
#include <utility>
#include <vector>

#include "autotune/comparison.hpp"
#include "autotune/tuner.hpp"
#include "measure/window.hpp"

namespace autotune {

/// Every configuration tried in a tune, with its windows, in order of first measurement.
class TrialBook {
 public:
  /// A window taken while searching.
  void add(const Config& config, const Window& window);

  /// A window of the race. From two of them on, a trial's energy is that of the race alone: windows
  /// that helped to choose a finalist would flatter it.
  void add_race(const Config& config, const Window& window);

  /// What is known of an arm's accuracy; every trial of that arm shows it.
  void set_accuracy(const Arm& arm, const Accuracy& accuracy, bool accepted,
                    const std::string& reason);

  /// What preparing an arm took; every trial of that arm shows it.
  void set_up_cost(const Arm& arm, const SetUpCost& cost);

  /// The accuracy of one configuration, checked at its own batch.
  void set_accuracy(const Config& config, const Accuracy& accuracy, bool accepted,
                    const std::string& reason);

  /// An arm that could not be measured at all, shown at batch 1.
  void add_failure(const Config& config, TrialStatus status, const std::string& reason);

  [[nodiscard]] std::vector<Trial> trials() const;
  [[nodiscard]] std::optional<Trial> find(const Config& config) const;
  [[nodiscard]] int size() const noexcept { return static_cast<int>(entries_.size()); }

  /// The race's windows, one per round.
  [[nodiscard]] const std::vector<Window>& race_windows(const Config& config) const;

  /// What has at least one window of the race.
  [[nodiscard]] std::vector<Config> raced() const;

  /// What the race as a whole says of a configuration: shown in place of the mean of its windows.
  void set_estimate(const Config& config, const Estimate& estimate);

 private:
  struct Entry {
    Config config;
    std::vector<Window> search;
    std::vector<Window> race;
    TrialStatus status = TrialStatus::ok;
    std::string reason;
    std::optional<Accuracy> accuracy;
    std::optional<Estimate> estimate;
  };
  [[nodiscard]] Entry& entry(const Config& config);
  [[nodiscard]] const Entry* look_up(const Config& config) const;
  [[nodiscard]] Trial trial(const Entry& entry) const;

  struct ArmAccuracy {
    Arm arm;
    Accuracy accuracy;
    bool accepted = true;
    std::string reason;
  };
  std::vector<Entry> entries_;
  std::vector<ArmAccuracy> accuracies_;
  std::vector<std::pair<Arm, SetUpCost>> set_up_costs_;
};

}  // namespace autotune
