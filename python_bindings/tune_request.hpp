#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "autotune/session.hpp"

namespace autotune::python {

/// The arguments of Python's `tune`, flat and in its words; `device` as `--device` takes it.
struct TuneRequest : WorkloadOptions, Constraints {
  std::string meter = "auto";
  std::string effort = "standard";
  std::string searcher;                      ///< Empty: the default one.
  std::optional<std::pair<int, int>> batch;  ///< First and last; by default by device.
  std::vector<std::string> precision;        ///< Empty: all there are.
  std::vector<std::string> layout;           ///< Empty: all there are.
  std::vector<int> threads;                  ///< Empty: as the process is.
  std::optional<std::string> baseline;       ///< CONFIG.
  std::optional<double> budget_seconds;
  std::optional<double> budget_joules;
  std::vector<std::string> command;  ///< Another engine and its arguments, in place of a model.
  bool resume = false;
  bool save = true;  ///< Whether the profile is kept.
};

/// @throws Error (usage) for unknown words, (device) if there is no such device
[[nodiscard]] SessionOptions session_options(const TuneRequest& request);

/// @throws Error (usage) for unknown words
[[nodiscard]] TuneOptions tune_options(const TuneRequest& request, const Device& device);

}  // namespace autotune::python
