#pragma once
#include <pybind11/pybind11.h>

#include <optional>

#include "autotune/tuner.hpp"

namespace autotune::python {

/// What a tune, which runs without the interpreter's lock, asks of Python now and then.
class Callbacks {
 public:
  /// @param on_progress takes a progress as JSON text, or None
  explicit Callbacks(pybind11::object on_progress) : on_progress_(std::move(on_progress)) {}

  /// True once a signal's handler (Ctrl-C) or `on_progress` has raised.
  [[nodiscard]] bool stop_requested();

  void show(const Progress& progress);

  /// Raises what was raised, if anything was.
  void rethrow() const;

 private:
  pybind11::object on_progress_;
  std::optional<pybind11::error_already_set> raised_;
};

}  // namespace autotune::python
