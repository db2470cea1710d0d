#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "autotune/tuner.hpp"
#include "journal/journal.hpp"
#include "measure/runner.hpp"
#include "tuner/spend.hpp"

namespace autotune {

/// Takes the steps of a tune, each of which ends in the journal and in the events. Steps that an
/// earlier run finished are not taken again: they give what they gave then, at what they cost then,
/// so that whoever decides by outcome and spend alone decides as before.
class Steps {
 public:
  /// @param journal null: nothing is kept
  Steps(Runner& runner, Spend& spend, Clock& clock, Journal* journal, const TuneOptions& options)
      : runner_(runner), spend_(spend), clock_(clock), journal_(journal), options_(options) {}

  // As those of `Runner`.
  [[nodiscard]] Prepared check(const Arm& arm, int accuracy_batch);
  [[nodiscard]] Window window(const Config& config);
  [[nodiscard]] Window probe(const Config& config, int iterations);
  [[nodiscard]] bool settle(const Config& config, double seconds);
  void soak(const Config& config, double most_seconds, const SoakLimits& limits);

  /// What the next steps are for, as events name it: `baselines`, `search`, `race`.
  void enter(const char* phase) noexcept { phase_ = phase; }

  /// Tells of a window that was taken and thrown away.
  void tell_rejected(const Config& config, const Window& window) const;

  /// Taken from the journal instead of anew.
  [[nodiscard]] int resumed() const noexcept { return resumed_; }

  /// Why no more steps can be taken: the workload cannot be started again. Empty if they can.
  [[nodiscard]] const std::string& broken() const noexcept { return broken_; }

  /// Why the journal ends before the tune does; empty if it does not.
  [[nodiscard]] const std::string& journal_failure() const noexcept { return journal_failure_; }

 private:
  /// What is asked: two steps with the same key are the same step.
  struct Key {
    const char* kind;
    Config config;
    double amount;  ///< Rows per accuracy iteration, iterations or seconds.
  };
  template <typename Result>
  [[nodiscard]] Result take(const Key& key, const std::function<Result()>& work);
  template <typename Result>
  [[nodiscard]] Result take_now(const Key& key, const std::function<Result()>& work);
  template <typename Result>
  [[nodiscard]] Result take_finished(const Key& key);
  void keep(const Key& key, Json result);
  template <typename Result>
  void tell(const Key& key, const Result& result, bool resumed) const;

  Runner& runner_;
  Spend& spend_;
  Clock& clock_;
  Journal* journal_;
  const TuneOptions& options_;
  const char* phase_ = "";
  int resumed_ = 0;
  std::string broken_;
  std::string journal_failure_;
  Timestamp last_kept_{};  ///< On the clock of the journal, which stands still between two runs.
  std::optional<Timestamp> shift_;  ///< Of this process's clock against the journal's.
};

}  // namespace autotune
