// autotune._core: the library in as few functions as Python needs. Results cross as JSON text, the
// one that the command line prints; python_bindings/autotune makes dataclasses of it.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "autotune/autotune.hpp"
#include "callbacks.hpp"
#include "search.hpp"
#include "tune_request.hpp"
#include "vocabulary/json.hpp"

namespace autotune::python {
namespace {

namespace py = pybind11;
using Text = std::optional<std::string>;

const char* name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
      return "usage";
    case ErrorCode::inputs:
      return "inputs";
    case ErrorCode::model:
      return "model";
    case ErrorCode::worker:
      return "worker";
    case ErrorCode::device:
      return "device";
    case ErrorCode::meter:
      return "meter";
    case ErrorCode::profile:
      return "profile";
    case ErrorCode::constraints:
      return "constraints";
    case ErrorCode::io:
      return "io";
  }
  return "io";
}

void translate(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const Error& error) {
    const py::object made =
        py::module_::import("autotune._errors").attr("make")(name_of(error.code()), error.what());
    PyErr_SetObject(py::type::handle_of(made).ptr(), made.ptr());
  } catch (const Json::exception& error) {
    py::set_error(PyExc_ValueError, error.what());  // A Config that is none, like batch 0.
  }
}

std::string text_of(const Config& config) { return Json(config).dump(); }

struct Answer {
  Text config;
  std::string advice;
  std::vector<std::string> warnings;
};

Answer best(const std::string& key, const std::string& device, std::optional<double> max_latency_ms,
            std::optional<std::uint64_t> max_memory_bytes) {
  Answer answer;
  Found found =
      look_up(key, device, {.max_latency_ms = max_latency_ms, .max_memory_bytes = max_memory_bytes},
              answer.warnings)
          .found;
  if (found.config) answer.config = text_of(*found.config);
  answer.advice = std::move(found.advice);
  return answer;
}

/// The JSON object and the table of a tune.
struct Report {
  std::string json;
  std::string table;
};

Report tune_and_save(const TuneRequest& request, Callbacks& callbacks) {
  const Timestamp started = SteadyClock().now();
  SessionOptions session = session_options(request);
  TuneOptions options = tune_options(request, session.device);
  session.worker.workload.first_batch = options.min_batch;
  session.worker.workload.last_batch = options.max_batch;
  options.started = started;
  options.on_progress = [&](const Progress& progress) { callbacks.show(progress); };
  options.stop_requested = [&] { return callbacks.stop_requested(); };
  const ProfileStore store = ProfileStore::from_environment();
  if (request.save) store.check_writable(session.device.name);

  const TuneResult result = Session(session).tune(options);
  const std::string path = request.save ? store.save(make_profile(result)).string() : "";
  return {to_json(result, path), table(result, path)};
}

Report tune(const TuneRequest& request, const py::object& on_progress) {
  Callbacks callbacks(on_progress);
  Report report;
  try {
    const py::gil_scoped_release unlocked;
    report = tune_and_save(request, callbacks);
  } catch (const Error&) {
    callbacks.rethrow();  // Rather than that nothing was measured in a tune cut short.
    throw;
  }
  callbacks.rethrow();
  return report;
}

void bind_request(py::module_& module) {
  py::class_<TuneRequest>(module, "TuneRequest")
      .def(py::init<>())
      .def_readwrite("model", &TuneRequest::model)
      .def_readwrite("inputs", &TuneRequest::inputs)
      .def_readwrite("input_specs", &TuneRequest::input_specs)
      .def_readwrite("name", &TuneRequest::name)
      .def_readwrite("unit", &TuneRequest::unit)
      .def_readwrite("units_per_item", &TuneRequest::units_per_item)
      .def_readwrite("units_from_mask", &TuneRequest::units_from_mask)
      .def_readwrite("batch_dims", &TuneRequest::batch_dims)
      .def_readwrite("device", &TuneRequest::device)
      .def_readwrite("seed", &TuneRequest::seed)
      .def_readwrite("hot_inputs", &TuneRequest::hot_inputs)
      .def_readwrite("copy_inputs", &TuneRequest::copy_inputs)
      .def_readwrite("pipeline", &TuneRequest::pipeline)
      .def_readwrite("max_latency_ms", &TuneRequest::max_latency_ms)
      .def_readwrite("max_memory_bytes", &TuneRequest::max_memory_bytes)
      .def_readwrite("min_cosine", &TuneRequest::min_cosine)
      .def_readwrite("max_relative_l2", &TuneRequest::max_relative_l2)
      .def_readwrite("min_coverage", &TuneRequest::min_coverage)
      .def_readwrite("meter", &TuneRequest::meter)
      .def_readwrite("effort", &TuneRequest::effort)
      .def_readwrite("searcher", &TuneRequest::searcher)
      .def_readwrite("batch", &TuneRequest::batch)
      .def_readwrite("precision", &TuneRequest::precision)
      .def_readwrite("layout", &TuneRequest::layout)
      .def_readwrite("threads", &TuneRequest::threads)
      .def_readwrite("baseline", &TuneRequest::baseline)
      .def_readwrite("budget_seconds", &TuneRequest::budget_seconds)
      .def_readwrite("budget_joules", &TuneRequest::budget_joules)
      .def_readwrite("command", &TuneRequest::command)
      .def_readwrite("resume", &TuneRequest::resume)
      .def_readwrite("save", &TuneRequest::save);
}

}  // namespace
}  // namespace autotune::python

PYBIND11_MODULE(_core, module) {
  using namespace autotune;
  using namespace autotune::python;
  py::register_exception_translator(translate);
  module.attr("__version__") = AUTOTUNE_VERSION;
  module.attr("has_worker") = AUTOTUNE_HAS_WORKER != 0;
  bind_request(module);
  bind_search(module);
  py::class_<Answer>(module, "Answer")
      .def_readonly("config", &Answer::config)
      .def_readonly("advice", &Answer::advice)
      .def_readonly("warnings", &Answer::warnings);
  py::class_<Report>(module, "Report")
      .def_readonly("json", &Report::json)
      .def_readonly("table", &Report::table);
  module.def("devices", [] { return to_json(devices()); });
  module.def("fingerprint", &model_fingerprint, py::arg("model"));
  module.def("parse_config", [](const std::string& text) { return text_of(parse_config(text)); });
  module.def("format_config",
             [](const std::string& json) { return to_string(Json::parse(json).get<Config>()); });
  module.def("best", &python::best, py::arg("key"), py::arg("device"), py::arg("max_latency_ms"),
             py::arg("max_memory_bytes"));
  module.def("tune", &python::tune, py::arg("request"), py::arg("on_progress"));
}
