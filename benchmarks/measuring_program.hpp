#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "autotune/autotune.hpp"
#include "autotune/comparison.hpp"
#include "benchmarks/open_session.hpp"
#include "measure/window.hpp"
#include "report/figures.hpp"

// What the programs share that measure configurations of one model against each other.
namespace autotune {

/// The options that `open_session` and `effort_of` read.
inline void add_measuring_options(po::options_description& options,
                                  const std::string& default_effort) {
  const auto text = [] { return po::value<std::string>(); };
  // clang-format off
  options.add_options()
      ("help", "print this and exit")
      ("model", text()->required(), "TorchScript file")
      ("inputs", text()->required(), "its inputs, from torch.save")
      ("units-from-mask", text(), "count useful units: the sum of argument ARG (0, 1, 2.0)")
      ("device", text()->default_value("auto"), "auto, cpu, cuda or cuda:N")
      ("effort", text()->default_value(default_effort), "of a window: quick, standard or full");
  // clang-format on
}

inline Effort effort_of(const po::variables_map& values) {
  const auto& word = values["effort"].as<std::string>();
  if (const auto effort = parse_effort(word)) return *effort;
  throw Error(ErrorCode::usage,
              fmt::format("--effort {}: there are quick, standard and full.", word));
}

/// @throws Error (usage) if the option is less than `least`
inline int at_least(const po::variables_map& values, const char* option, int least) {
  const int value = values[option].as<int>();
  if (value >= least) return value;
  throw Error(ErrorCode::usage, fmt::format("--{} {}: {} at least.", option, value, least));
}

/// `count` <= `last` different batches from 1 to `last`, both among them, as even over the
/// logarithm as whole numbers allow.
inline std::vector<int> spread(int last, int count) {
  std::vector<int> batches{1};
  for (int left = count - 1; left > 0; --left) {
    const int before = batches.back();
    const double factor = std::pow(static_cast<double>(last) / before, 1.0 / left);
    batches.push_back(std::max(before + 1, static_cast<int>(std::lround(before * factor))));
  }
  return batches;
}

/// A line for the head of a table: without model, device and source no figure can be judged.
inline std::string subject(const Session& session, const Description& description) {
  return fmt::format("{} on {} ({} cores), unit: {}, energy: {}", description.id.name,
                     session.device().name, session.device().cores, description.id.unit,
                     report::energy_line(session.meters().front()->info()));
}

/// The windows of a race as they come in, and what was seen beside them.
class RaceRecord {
 public:
  explicit RaceRecord(std::size_t configurations) : seen_(configurations) {}

  void add(std::size_t configuration, std::size_t round, const Window& window) {
    Seen& seen = seen_[configuration];
    ++seen.windows;
    for (const std::string& flag : window.flags) ++seen.remarks[flag];
    if (window.status != TrialStatus::ok) {
      ++seen.remarks[std::string(to_string(window.status))];
      fmt::print(stderr, "{}\n", window.reason);
    }
    if (!window.joules_per_unit) return;
    windows_.push_back({.configuration = configuration,
                        .round = round,
                        .joules_per_unit = *window.joules_per_unit,
                        .seconds = in_seconds(window.middle - begin_),
                        .temperature_c = window.temperature_c});
  }

  /// Those whose energy is known.
  [[nodiscard]] const std::vector<RoundWindow>& windows() const noexcept { return windows_; }

  /// `foreign_load 2 of 12`, or nothing.
  [[nodiscard]] std::string remarks(std::size_t configuration) const {
    const Seen& seen = seen_[configuration];
    std::string text;
    for (const auto& [word, count] : seen.remarks) {
      text += fmt::format("{}{} {} of {}", text.empty() ? "" : ", ", word, count, seen.windows);
    }
    return text;
  }

 private:
  struct Seen {
    int windows = 0;
    std::map<std::string, int> remarks;  ///< Flags and failures, each with its windows.
  };
  std::vector<Seen> seen_;
  std::vector<RoundWindow> windows_;
  Timestamp begin_ = SteadyClock().now();
};

/// `0.9124 (0.9051 … 0.9198)`: value and 95 % interval.
inline std::string cell(const std::optional<Ratio>& ratio) {
  if (!ratio) return report::no_figure;
  return fmt::format("{:.4f} ({:.4f} … {:.4f})", ratio->value, ratio->ci95.low, ratio->ci95.high);
}

}  // namespace autotune
