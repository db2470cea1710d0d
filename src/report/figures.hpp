#pragma once
#include <optional>
#include <span>
#include <string>

#include "autotune/tuner.hpp"

// Numbers as people read them: few digits, a prefix, a dash where nothing was measured.
namespace autotune::report {

inline constexpr const char* no_figure = "–";

/// What a unit of work costs: energy, or time where no joules were read.
class CostScale {
 public:
  /// Prefix and digits follow the best trial, so that figures of one table share them.
  CostScale(const Trial& best, std::string unit_of_work);

  [[nodiscard]] bool by_energy() const noexcept { return by_energy_; }
  [[nodiscard]] std::string unit() const;  ///< `mJ/token`, or `ms/token`.
  [[nodiscard]] std::string value(const Trial& trial) const;
  [[nodiscard]] std::string interval(const Trial& trial) const;  ///< `0.64 … 0.68`

 private:
  [[nodiscard]] std::string format(double base_value) const;

  std::string unit_of_work_;
  bool by_energy_ = false;
  const char* prefix_ = "";
  double factor_ = 1;
  int decimals_ = 2;
};

/// Joules per unit, or seconds per unit where no joules were read.
[[nodiscard]] std::optional<double> cost(const Trial& trial, bool by_energy);

[[nodiscard]] std::string milliseconds(double value);
[[nodiscard]] std::string cosine(const std::optional<Accuracy>& accuracy);
[[nodiscard]] std::string percent(double fraction);  ///< `50 %`

[[nodiscard]] std::string joules(double value);  ///< `0.9 kJ`

/// `4.1 M tokens`
[[nodiscard]] std::string count(double value, const std::string& what);

/// `modelled (figures follow time)`, or source and scope.
[[nodiscard]] std::string energy_line(const MeterInfo& meter);

/// `AMD EPYC (2 cores, avx2)`
[[nodiscard]] std::string words(const Device& device);

/// `bf16 prepacked batch 28` and the knobs that are set.
[[nodiscard]] std::string words(const Config& config);

/// `threads 2, retained heap`; empty if none is set.
[[nodiscard]] std::string words(const Execution& execution);

/// `0.12 s (export 29 s)`
[[nodiscard]] std::string words(const SetUpCost& cost);

/// Several units of work: `tokens`.
[[nodiscard]] std::string plural(const std::string& unit);

}  // namespace autotune::report
