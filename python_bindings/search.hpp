#pragma once
#include <pybind11/pybind11.h>

namespace autotune::python {

/// The classes and functions behind autotune.search.
void bind_search(pybind11::module_& module);

}  // namespace autotune::python
