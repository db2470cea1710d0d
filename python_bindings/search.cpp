#include "search.hpp"

#include <fmt/format.h>
#include <pybind11/stl.h>

#include <map>
#include <set>

#include "autotune/error.hpp"
#include "autotune/prior.hpp"
#include "autotune/profile.hpp"
#include "search/guarded.hpp"

namespace autotune::python {
namespace {

namespace py = pybind11;

using NamedCandidate = std::pair<std::string, int>;

/// The options of a search, with arms by name.
struct SearchRequest {
  std::string searcher;
  std::vector<std::pair<std::string, std::vector<int>>> arms;
  std::uint64_t seed = 0;
  std::optional<int> windows;
  std::optional<double> seconds;
  std::optional<double> joules;
  std::optional<double> max_latency_ms;
  std::optional<std::uint64_t> max_memory_bytes;
  std::optional<NamedCandidate> incumbent;
  double units_per_row = 1;
  std::vector<int> prior_edges;
  std::vector<NamedCandidate> prior_promising;
};

std::optional<std::size_t> arm_index(const SearchSpace& space, const std::string& name) {
  for (std::size_t arm = 0; arm < space.arms.size(); ++arm) {
    if (space.arms[arm].name == name) return arm;
  }
  return std::nullopt;
}

std::size_t known_arm(const SearchSpace& space, const std::string& name) {
  if (const auto arm = arm_index(space, name)) return *arm;
  std::string known;
  for (const auto& arm : space.arms) {
    known += fmt::format("{}'{}'", known.empty() ? "" : ", ", arm.name);
  }
  throw Error(ErrorCode::usage, fmt::format("unknown arm '{}'. The space has {}.", name, known));
}

SearchSpace space_of(const SearchRequest& request) {
  SearchSpace space;
  for (const auto& [name, batches] : request.arms) space.arms.push_back({name, batches});
  return space;
}

SearchOptions options_of(const SearchRequest& request, const SearchSpace& space) {
  SearchOptions options{.seed = request.seed,
                        .max_latency_ms = request.max_latency_ms,
                        .max_memory_bytes = request.max_memory_bytes,
                        .budget = {request.windows, request.seconds, request.joules},
                        .units_per_row = request.units_per_row,
                        .prior = {.edges = request.prior_edges}};
  if (request.incumbent) {
    options.incumbent = {known_arm(space, request.incumbent->first), request.incumbent->second};
  }
  for (const auto& [name, batch] : request.prior_promising) {
    if (const auto arm = arm_index(space, name)) options.prior.promising.push_back({*arm, batch});
  }
  return options;
}

/// A step as autotune.search.Step has it: id, kind, arm, batch, round, seconds.
using StepTuple = std::tuple<int, std::string, std::string, int, int, double>;

struct Search {
  explicit Search(const SearchRequest& request)
      : guarded(request.searcher, space_of(request), options_of(request, space_of(request))) {}

  [[nodiscard]] NamedCandidate named(const Candidate& candidate) const {
    return {guarded.space().arms[candidate.arm].name, candidate.batch};
  }

  std::optional<StepTuple> ask() {
    const auto step = guarded.ask();
    if (!step) return std::nullopt;
    const auto [arm, batch] = named(step->candidate);
    return StepTuple{step->id,     std::string(to_string(step->kind)), arm, batch, step->round,
                     step->seconds};
  }

  void tell(const StepTuple& told, const std::string& status, Outcome outcome) {
    const auto& [id, kind, arm, batch, round, seconds] = told;
    Step step{.id = id, .candidate = {known_arm(guarded.space(), arm), batch}, .round = round};
    step.seconds = seconds;
    for (const StepKind known : {StepKind::fit, StepKind::probe, StepKind::window}) {
      if (to_string(known) == kind) step.kind = known;
    }
    const auto parsed = parse_trial_status(status);
    if (!parsed) {
      throw Error(
          ErrorCode::usage,
          fmt::format("unknown status '{}'. Known: ok, out_of_memory, inaccurate, too_slow, "
                      "crashed, timed_out, unsupported.",
                      status));
    }
    outcome.status = *parsed;
    guarded.tell(step, outcome);
  }

  /// Arm, batch, joules per unit; the reference and the ratio with its interval, where compared.
  [[nodiscard]] py::object best() const {
    const auto verdict = guarded.best();
    if (!verdict) return py::none();
    const auto [arm, batch] = named(verdict->candidate);
    py::object reference = py::none(), ratio = py::none();
    if (verdict->reference && verdict->ratio) {
      reference = py::cast(named(*verdict->reference));
      ratio = py::make_tuple(verdict->ratio->value, verdict->ratio->ci95.low,
                             verdict->ratio->ci95.high);
    }
    return py::make_tuple(arm, batch, verdict->joules_per_unit, reference, ratio);
  }

  [[nodiscard]] py::object closest_miss() const {
    const auto miss = guarded.closest_miss();
    if (!miss) return py::none();
    const auto [arm, batch] = named(miss->candidate);
    const Outcome& outcome = miss->outcome;
    return py::make_tuple(arm, batch, outcome.latency_ms, outcome.latency_p99_ms,
                          outcome.peak_memory_bytes, outcome.joules_per_unit);
  }

  [[nodiscard]] std::vector<NamedCandidate> finalists() const {
    std::vector<NamedCandidate> names;
    for (const Candidate& candidate : guarded.finalists()) names.push_back(named(candidate));
    return names;
  }

  /// Fits, probes, windows, seconds, joules.
  [[nodiscard]] py::tuple spent() const {
    const Spending& spending = guarded.spending();
    const Spending::Cost all = spending.all();
    return py::make_tuple(spending.of(StepKind::fit).steps, spending.of(StepKind::probe).steps,
                          spending.of(StepKind::window).steps, all.seconds, all.joules);
  }

  GuardedSearch guarded;
};

/// Edges and promising ones of a profile, whose own arms and batches are the space.
std::pair<std::vector<int>, std::vector<NamedCandidate>> prior_of_profile(const std::string& json) {
  const Profile profile = parse_profile(json);
  std::map<std::string, std::set<int>> batches;
  for (const Trial& trial : profile.trials) {
    batches[to_string(trial.config.arm)].insert(trial.config.batch);
  }
  SearchSpace space;
  for (const auto& [arm, of_arm] : batches) {
    space.arms.push_back({arm, {of_arm.begin(), of_arm.end()}});
  }
  const SearchPrior prior = prior_from(profile.trials, space);
  std::vector<NamedCandidate> promising;
  for (const auto& [arm, batch] : prior.promising) {
    promising.emplace_back(space.arms[arm].name, batch);
  }
  return {prior.edges, promising};
}

void bind_request(py::module_& module) {
  py::class_<SearchRequest>(module, "SearchRequest")
      .def(py::init<>())
      .def_readwrite("searcher", &SearchRequest::searcher)
      .def_readwrite("arms", &SearchRequest::arms)
      .def_readwrite("seed", &SearchRequest::seed)
      .def_readwrite("windows", &SearchRequest::windows)
      .def_readwrite("seconds", &SearchRequest::seconds)
      .def_readwrite("joules", &SearchRequest::joules)
      .def_readwrite("max_latency_ms", &SearchRequest::max_latency_ms)
      .def_readwrite("max_memory_bytes", &SearchRequest::max_memory_bytes)
      .def_readwrite("incumbent", &SearchRequest::incumbent)
      .def_readwrite("units_per_row", &SearchRequest::units_per_row)
      .def_readwrite("prior_edges", &SearchRequest::prior_edges)
      .def_readwrite("prior_promising", &SearchRequest::prior_promising);
}

}  // namespace

void bind_search(py::module_& module) {
  bind_request(module);
  py::class_<Outcome>(module, "Outcome")
      .def(py::init<>())
      .def_readwrite("latency_ms", &Outcome::latency_ms)
      .def_readwrite("latency_p99_ms", &Outcome::latency_p99_ms)
      .def_readwrite("joules_per_unit", &Outcome::joules_per_unit)
      .def_readwrite("peak_memory_bytes", &Outcome::peak_memory_bytes)
      .def_readwrite("seconds", &Outcome::seconds)
      .def_readwrite("joules", &Outcome::joules);
  py::class_<Search>(module, "Search")
      .def(py::init<const SearchRequest&>(), py::arg("request"))
      .def("ask", &Search::ask)
      .def("tell", &Search::tell, py::arg("step"), py::arg("status"), py::arg("outcome"))
      .def("best", &Search::best)
      .def("closest_miss", &Search::closest_miss)
      .def("finalists", &Search::finalists)
      .def("why_ended", [](const Search& search) { return search.guarded.why_ended(); })
      .def("spent", &Search::spent);
  module.def("prior_of_profile", &prior_of_profile, py::arg("json"));
  module.def("searchers", [] {
    std::vector<std::pair<std::string, std::string>> table;
    for (const SearcherEntry& entry : searchers()) table.emplace_back(entry.name, entry.summary);
    return table;
  });
}

}  // namespace autotune::python
