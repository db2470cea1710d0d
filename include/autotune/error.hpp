#pragma once
#include <stdexcept>
#include <string>

namespace autotune {

/// What kind of set-up is broken. A failed trial is not an error but a `TrialStatus`.
enum class ErrorCode {
  usage,        ///< An option or a value the caller gave; the command line exits with 2.
  inputs,       ///< The example inputs do not fit each other or the model.
  model,        ///< The model cannot be read or does not run at all.
  worker,       ///< The worker process is missing, of another version, or keeps dying.
  device,       ///< No suitable device; the command line exits with 5.
  meter,        ///< A meter named by the user cannot be read.
  profile,      ///< A profile cannot be read or written.
  constraints,  ///< Nothing meets the constraints; the command line exits with 3.
  io,           ///< A file or folder cannot be read or written.
};

/// A broken set-up: what, with which numbers, and the next step, in at most four lines.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

/// The exit status of a program that ends with this error: 1 failure, 2 usage, 3 nothing meets the
/// constraints, 5 no suitable device.
[[nodiscard]] int exit_status(ErrorCode code) noexcept;

}  // namespace autotune
