#pragma once
#include <map>
#include <optional>
#include <vector>

#include "autotune/searcher.hpp"
#include "search/arm_state.hpp"
#include "search/hybrid/grid.hpp"
#include "search/hybrid/latency_curve.hpp"
#include "search/hybrid/memory_frontier.hpp"
#include "search/hybrid/surrogate.hpp"

namespace autotune {

/// Everything told so far, and what it says of every configuration.
class Beliefs {
 public:
  Beliefs(const Grid& grid, const SearchOptions& options);

  /// @param at_seconds when the step ended, since the search began
  void learn(const Step& step, const Outcome& outcome, double at_seconds);

  /// May still be measured: runs, fits, and is not known to be too slow.
  [[nodiscard]] bool open(std::size_t point) const;
  [[nodiscard]] bool arm_open(std::size_t arm) const { return !closed_[arm]; }

  /// Keeps the limits, as far as its windows say.
  [[nodiscard]] bool answers(std::size_t point) const;

  /// Where p99 must be known before a window is worth it: between what keeps the latency limit and
  /// what breaks it; nothing when the two are neighbours.
  [[nodiscard]] std::optional<std::size_t> latency_edge(std::size_t arm) const;

  [[nodiscard]] int windows(std::size_t point) const { return windows_[point]; }
  [[nodiscard]] const std::vector<std::size_t>& measured() const noexcept { return measured_; }
  [[nodiscard]] const LatencyCurve& latency() const noexcept { return latency_; }
  [[nodiscard]] const MemoryFrontier& memory() const noexcept { return memory_; }
  [[nodiscard]] const std::optional<ClosestMiss>& closest_miss() const noexcept {
    return miss_.miss();
  }

  /// Whether a probed latency tells more than a window: it must repeat better than energy does.
  [[nodiscard]] bool latency_is_precise() const;

  /// Brings the surrogates up to date with what was told; cheap if nothing changed.
  /// @param by_power which of the two tells the energies: power × latency, or their shape
  void update(bool by_power);

  /// The measured point that answers with the least expected energy; nothing before the first.
  [[nodiscard]] std::optional<std::size_t> best() const noexcept { return best_; }

  /// ln(joules per unit) of a measured point, expected.
  [[nodiscard]] double log_energy(std::size_t point) const;

  /// What is believed of ln(energy / energy of `best`).
  struct Gap {
    Belief power;  ///< Of the part that windows tell; all of it where latency is not used.
    double low = 0, high = 0;  ///< Bounds of the rest: latency per row against that of `best`.
    [[nodiscard]] Belief all() const;
    double chance_of_low = 1;  ///< That the rest is at its lower bound, up to what is between.
    double latency_variance = 0;
  };
  /// Nothing for a point that is not among `weighed`.
  [[nodiscard]] std::optional<Gap> gap(std::size_t point) const;

  /// The points that are thought about: all that are known and not far from all hope, and a few of
  /// each stretch of unknown latency.
  [[nodiscard]] const std::vector<std::size_t>& weighed() const noexcept { return weighed_; }

  /// 1 where `point` was measured, falling to 0 with the distance to the next batch that was.
  [[nodiscard]] double nearness(std::size_t point) const;

  /// Of ln(energy of a / energy of b), both measured.
  [[nodiscard]] Belief gap_between(std::size_t a, std::size_t b) const;

  /// Degrees of freedom of the scatter, for intervals.
  [[nodiscard]] double degrees() const;

 private:
  [[nodiscard]] Features features(std::size_t point) const;
  void learn_status(const Step& step, const Outcome& outcome, std::size_t point);
  void learn_window(std::size_t point, const Outcome& outcome, double at_seconds);
  void learn_shape(const KernelChoice* choice);
  void relearn();
  void find_best();
  void find_gaps();
  [[nodiscard]] const Surrogate& surrogate() const { return by_power_ ? power_ : shape_; }
  [[nodiscard]] bool within_hope(std::size_t point) const;
  [[nodiscard]] std::vector<std::size_t> worth_weighing() const;
  void add_stretch(std::size_t from, std::size_t to, std::vector<std::size_t>& points) const;
  void weigh(const std::vector<std::size_t>& points);
  void weigh_probed();

  const Grid* grid_;
  SearchOptions options_;
  LatencyCurve latency_;
  MemoryFrontier memory_;
  std::vector<bool> closed_;   // Arms.
  std::vector<bool> refused_;  // Points that broke a limit or failed by themselves.
  std::vector<bool> ran_;      // Arms that had a success.
  std::vector<std::optional<std::size_t>> slow_from_;  // Per arm the smallest too slow.
  std::vector<int> windows_;
  std::vector<std::size_t> measured_;  // Points with a window, in order.
  std::vector<LogReading> energy_readings_;
  std::vector<LogReading> power_readings_;
  std::vector<double> throughput_;  // Per arm the highest known, ln(rows per millisecond),
  std::vector<double> slack_from_;  // and what it was when the surrogate learnt.
  Surrogate power_;
  Surrogate shape_;
  bool by_power_ = true;
  std::size_t learnt_ = 0;     // Readings in the surrogate in use.
  std::size_t chosen_at_ = 0;  // Readings when its kernel was chosen.
  std::optional<std::size_t> best_;
  std::vector<std::optional<Belief>> gaps_;  // Of power, or of all; against `best_`.
  std::vector<std::size_t> weighed_;
  std::vector<std::size_t> probed_;  // Since the gaps were found.
  double energy_squares_ = 0;        // Of repeated windows about their means.
  int energy_degrees_ = 0;
  std::map<std::size_t, std::pair<double, int>> energy_means_;
  ClosestMissSoFar miss_;
};

}  // namespace autotune
