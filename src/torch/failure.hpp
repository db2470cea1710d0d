#pragma once
#include <exception>
#include <stdexcept>
#include <string>

#include "autotune/trial.hpp"

namespace autotune {

/// How an exception that a model threw counts.
struct Failure {
  TrialStatus status = TrialStatus::crashed;  ///< Or `out_of_memory`.
  std::string reason;
  bool sticky = false;  ///< The CUDA context is broken: every later call of the process fails.
};

[[nodiscard]] Failure classify(const std::exception& error);

/// Whether another way to run the same would fail alike: memory is exhausted or the device lost.
[[nodiscard]] bool concerns_every_way(const std::exception& error);

/// What LibTorch or the model says in one line, without its stack traces.
[[nodiscard]] std::string short_message(const std::exception& error);

/// The model cannot run in this arm.
class Unreachable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace autotune
