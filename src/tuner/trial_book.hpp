#pragma once
#include <optional>
#include <vector>

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

  /// The accuracy of one configuration, checked at its own batch.
  void set_accuracy(const Config& config, const Accuracy& accuracy, bool accepted,
                    const std::string& reason);

  /// An arm that could not be measured at all, shown at batch 1.
  void add_failure(const Config& config, TrialStatus status, const std::string& reason);

  [[nodiscard]] std::vector<Trial> trials() const;
  [[nodiscard]] std::optional<Trial> find(const Config& config) const;
  [[nodiscard]] int size() const noexcept { return static_cast<int>(entries_.size()); }

  /// Joules per unit of the race's windows, one per round; absent where the meter gave none.
  [[nodiscard]] std::vector<std::optional<double>> race_joules(const Config& config) const;

 private:
  struct Entry {
    Config config;
    std::vector<Window> search;
    std::vector<Window> race;
    TrialStatus status = TrialStatus::ok;
    std::string reason;
    std::optional<Accuracy> accuracy;
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
};

}  // namespace autotune
