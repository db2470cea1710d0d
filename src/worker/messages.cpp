#include "worker/messages.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "vocabulary/enum_names.hpp"
#include "worker/long_run.hpp"

namespace autotune::wire {
namespace {

constexpr std::array<NamedValue<ErrorCode>, 9> error_codes{{
    {ErrorCode::usage, "usage"},
    {ErrorCode::inputs, "inputs"},
    {ErrorCode::model, "model"},
    {ErrorCode::worker, "worker"},
    {ErrorCode::device, "device"},
    {ErrorCode::meter, "meter"},
    {ErrorCode::profile, "profile"},
    {ErrorCode::constraints, "constraints"},
    {ErrorCode::io, "io"},
}};

class BadMessage : public Json::exception {
 public:
  explicit BadMessage(const std::string& problem) : Json::exception(501, problem.c_str()) {}
};

void require(bool holds, const std::string& problem) {
  if (!holds) throw BadMessage(problem);
}

Timestamp nanoseconds_from(const Json& json) { return Timestamp(json.get<std::int64_t>()); }

std::string text_line(const Message& message, Json::error_handler_t on_bad_text) {
  return Json{{"id", message.id}, {"type", message.type}, {"body", message.body}}.dump(
      -1, ' ', false, on_bad_text);
}

/// About 146 years on either side: no difference of two times overflows.
constexpr Timestamp latest_time{std::int64_t{1} << 62};

void check_times(const RunResult& result) {
  require(result.start >= Timestamp{} &&
              (result.completions.empty() || result.completions.back() <= latest_time),
          "times that no clock shows");
  require(
      result.completions.size() == result.units.size(),
      fmt::format("{} completions with {} units", result.completions.size(), result.units.size()));
  require(std::is_sorted(result.completions.begin(), result.completions.end()) &&
              (result.completions.empty() || result.completions.front() >= result.start),
          "completions that are not in order of time");
  require(result.begins.empty() || result.begins.size() == result.completions.size(),
          fmt::format("{} completions with {} begins", result.completions.size(),
                      result.begins.size()));
  for (std::size_t i = 0; i < result.begins.size(); ++i) {
    require(result.begins[i] >= result.start && result.begins[i] <= result.completions[i],
            "an iteration that ends before it begins");
  }
}

// More than the runner asks for; a reply that claims more must not fill the memory.
constexpr std::size_t most_iterations = 20'000'000;

/// Of all iterations, where the reply gives some of them.
RunResult with_all_iterations(const RunResult& result, const Json& body) {
  const auto iterations = body.value("iterations", result.completions.size());
  require(iterations >= result.completions.size() && iterations <= most_iterations &&
              (iterations == 0 || !result.completions.empty()),
          fmt::format("{} completions of {} iterations", result.completions.size(), iterations));
  return filled(result, iterations);
}

}  // namespace

std::string to_line(const Message& message) try {
  return text_line(message, Json::error_handler_t::strict);
} catch (const Json::type_error& error) {
  throw Error(ErrorCode::usage, fmt::format("a path or option for the worker is not UTF-8 ({}). "
                                            "Rename the file or give the option in UTF-8.",
                                            error.what()));
}

std::string to_line_replacing(const Message& message) {
  return text_line(message, Json::error_handler_t::replace);
}

Message parse_message(std::string_view line) {
  const Json json = Json::parse(line);
  return {.id = json.at("id").get<std::int64_t>(),
          .type = json.at("type").get<std::string>(),
          .body = json.value("body", Json::object())};
}

Json encode(const Hello& hello) { return {{"protocol", hello.protocol}}; }

template <>
Hello decode(const Json& body) {
  return {.protocol = body.at("protocol").get<int>()};
}

Json encode(const Start& start) {
  const WorkloadOptions& options = start.workload;
  return {{"execution", Json(Arm{.execution = start.execution}).at("execution")},
          {"workload",
           {{"model", options.model.string()},
            {"inputs", options.inputs ? Json(options.inputs->string()) : Json()},
            {"input_specs", options.input_specs},
            {"name", options.name},
            {"unit", options.unit},
            {"units_per_item", options.units_per_item},
            {"units_from_mask", options.units_from_mask ? Json(*options.units_from_mask) : Json()},
            {"batch_dims", options.batch_dims},
            {"first_batch", options.first_batch},
            {"last_batch", options.last_batch},
            {"device", options.device},
            {"seed", options.seed},
            {"hot_inputs", options.hot_inputs},
            {"copy_inputs", options.copy_inputs},
            {"pipeline", options.pipeline},
            {"resident_bytes", options.resident_bytes ? Json(*options.resident_bytes) : Json()}}}};
}

template <>
Start decode(const Json& body) {
  const Json& json = body.at("workload");
  Start start;
  WorkloadOptions& options = start.workload;
  options.model = json.at("model").get<std::string>();
  options.inputs = optional_at<std::string>(json, "inputs");
  options.input_specs = json.at("input_specs").get<std::vector<std::string>>();
  options.name = json.at("name").get<std::string>();
  options.unit = json.at("unit").get<std::string>();
  options.units_per_item = json.at("units_per_item").get<double>();
  options.units_from_mask = optional_at<std::string>(json, "units_from_mask");
  options.batch_dims = json.at("batch_dims").get<std::vector<std::string>>();
  options.first_batch = std::max(1, json.value("first_batch", 1));
  options.last_batch = json.value("last_batch", 0);
  options.device = json.at("device").get<std::string>();
  options.seed = json.at("seed").get<std::uint64_t>();
  options.hot_inputs = json.value("hot_inputs", false);
  options.copy_inputs = json.value("copy_inputs", false);
  options.pipeline = json.value("pipeline", 1);
  options.resident_bytes = optional_at<std::uint64_t>(json, "resident_bytes");
  Json arm = Arm{};
  arm["execution"] = body.at("execution");
  start.execution = arm.get<Arm>().execution;
  return start;
}

Json encode(const Started& started) { return {{"thins_runs", started.thins_runs}}; }

template <>
Started decode(const Json& body) {
  return {.thins_runs = body.value("thins_runs", false)};
}

Json encode(const Description& description) {
  return {{"workload", description.id},
          {"rows", description.rows},
          {"units_per_row", description.units_per_row},
          {"min_batch", description.min_batch},
          {"max_batch", description.max_batch},
          {"arms", description.arms},
          {"unsupported", description.unsupported},
          {"warnings", description.warnings},
          {"conditions", description.conditions},
          {"pci_address", description.pci_address}};
}

template <>
Description decode(const Json& body) {
  Description description;
  description.id = body.at("workload").get<WorkloadId>();
  description.rows = body.at("rows").get<int>();
  description.units_per_row = body.at("units_per_row").get<double>();
  description.min_batch = body.value("min_batch", 1);
  description.max_batch = body.value("max_batch", 0);
  description.arms = body.at("arms").get<std::vector<Arm>>();
  description.unsupported = body.value("unsupported", std::vector<UnsupportedArm>{});
  description.warnings = body.value("warnings", std::vector<std::string>{});
  description.conditions = body.value("conditions", std::map<std::string, std::string>{});
  description.pci_address = body.value("pci_address", "");
  require(description.rows >= 1, fmt::format("{} rows", description.rows));
  require(!description.arms.empty(), "no arms");
  return description;
}

Json encode(const PrepareRequest& request) {
  return {{"arm", request.arm},
          {"accuracy_batch", request.accuracy_batch},
          {"check_accuracy", request.check_accuracy}};
}

template <>
PrepareRequest decode(const Json& body) {
  return {.arm = body.at("arm").get<Arm>(),
          .accuracy_batch = body.at("accuracy_batch").get<int>(),
          .check_accuracy = body.at("check_accuracy").get<bool>()};
}

Json encode(const Prepared& prepared) { return prepared; }

template <>
Prepared decode(const Json& body) {
  return body.get<Prepared>();
}

Json encode(const RunRequest& request) {
  return {{"batch", request.batch},
          {"first_row", request.first_row},
          {"seconds", request.seconds},
          {"min_iterations", request.min_iterations},
          {"max_iterations", request.max_iterations},
          {"fresh_memory", request.fresh_memory},
          {"most_completions", most_completions}};
}

template <>
RunRequest decode(const Json& body) {
  RunRequest request{.batch = body.at("batch").get<int>(),
                     .first_row = body.at("first_row").get<std::int64_t>(),
                     .seconds = body.at("seconds").get<double>(),
                     .min_iterations = body.at("min_iterations").get<int>(),
                     .max_iterations = body.at("max_iterations").get<int>(),
                     .fresh_memory = body.at("fresh_memory").get<bool>()};
  require(request.batch >= 1, fmt::format("batch {}, must be at least 1", request.batch));
  return request;
}

Json encode(const RunResult& result) {
  Json json{{"status", to_string(result.status)},
            {"reason", result.reason},
            {"start_ns", result.start.count()},
            {"completions_ns", Json::array()},
            {"units", result.units},
            {"peak_memory_bytes", result.peak_memory_bytes},
            {"memory_growth_bytes", result.memory_growth_bytes},
            {"waited_seconds", number_or_null(result.waited_seconds)},
            {"page_faults", result.page_faults ? Json(*result.page_faults) : Json()}};
  for (const Timestamp time : result.completions) json["completions_ns"].push_back(time.count());
  for (const Timestamp time : result.begins) json["begins_ns"].push_back(time.count());
  return json;
}

Json encode_at_most(int most, const RunResult& result) {
  const std::size_t iterations = result.completions.size();
  if (most <= 0 || iterations <= static_cast<std::size_t>(most)) return encode(result);
  Json json = encode(thinned(result, most));
  json["iterations"] = iterations;
  return json;
}

template <>
RunResult decode(const Json& body) {
  RunResult result;
  result.status = status_at(body);
  result.reason = body.value("reason", "");
  result.start = nanoseconds_from(body.at("start_ns"));
  for (const Json& time : body.at("completions_ns")) {
    result.completions.push_back(nanoseconds_from(time));
  }
  for (const Json& time : body.value("begins_ns", Json::array())) {
    result.begins.push_back(nanoseconds_from(time));
  }
  result.units = body.at("units").get<std::vector<double>>();
  result.peak_memory_bytes = body.at("peak_memory_bytes").get<std::uint64_t>();
  result.memory_growth_bytes = body.at("memory_growth_bytes").get<std::uint64_t>();
  result.waited_seconds = optional_at<double>(body, "waited_seconds");
  result.page_faults = optional_at<std::uint64_t>(body, "page_faults");
  check_times(result);
  return with_all_iterations(result, body);
}

Json encode(const Failure& failure) {
  return {{"code", name_of(error_codes, failure.code)}, {"message", failure.message}};
}

template <>
Failure decode(const Json& body) {
  const auto code = body.at("code").get<std::string>();
  return {.code = value_of(error_codes, std::string_view(code)).value_or(ErrorCode::worker),
          .message = body.at("message").get<std::string>()};
}

}  // namespace autotune::wire
