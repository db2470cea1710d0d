#include "callbacks.hpp"

#include "vocabulary/json.hpp"

namespace autotune::python {
namespace {

namespace py = pybind11;

std::string to_text(const Progress& progress) {
  return Json{{"trials", progress.trials},
              {"configurations", progress.configurations},
              {"seconds", number_or_null(progress.seconds)},
              {"budget_seconds", number_or_null(progress.budget_seconds)},
              {"best", progress.best ? Json(*progress.best) : Json()},
              {"activity", progress.activity}}
      .dump();
}

}  // namespace

bool Callbacks::stop_requested() {
  if (raised_) return true;
  const py::gil_scoped_acquire lock;
  if (PyErr_CheckSignals() != 0) raised_.emplace();
  return raised_.has_value();
}

void Callbacks::show(const Progress& progress) {
  if (raised_) return;
  const py::gil_scoped_acquire lock;
  if (on_progress_.is_none()) return;
  try {
    on_progress_(to_text(progress));
  } catch (const py::error_already_set& error) {
    raised_ = error;
  }
}

void Callbacks::rethrow() const {
  if (raised_) throw *raised_;
}

}  // namespace autotune::python
