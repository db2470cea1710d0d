#include "tune_request.hpp"

#include <fmt/format.h>

#include "autotune/error.hpp"
#include "autotune/profile.hpp"

namespace autotune::python {
namespace {

Effort effort_from(const std::string& word) {
  if (const auto effort = parse_effort(word)) return *effort;
  throw Error(ErrorCode::usage,
              fmt::format("unknown effort '{}'. Known: quick, standard, full.", word));
}

}  // namespace

SessionOptions session_options(const TuneRequest& request) {
  SessionOptions options;
  options.worker.workload = request;
  options.worker.command = request.command;
  options.device = find_device(request.device);
  options.meter = meter_options(options.device, request.meter);
  return options;
}

TuneOptions tune_options(const TuneRequest& request, const Device& device) {
  TuneOptions options;
  std::tie(options.min_batch, options.max_batch) =
      request.batch.value_or(std::pair(1, default_max_batch(device)));
  // CONFIG's own reader, so that the words and the messages are the same everywhere.
  for (const std::string& word : request.precision) {
    options.precisions.push_back(parse_config("precision=" + word).arm.precision);
  }
  for (const std::string& word : request.layout) {
    options.layouts.push_back(parse_config("layout=" + word).arm.layout);
  }
  options.threads = request.threads;
  if (request.baseline) options.baseline = parse_config(*request.baseline);
  options.constraints = request;
  options.budget.seconds = request.budget_seconds;
  options.budget.joules = request.budget_joules;
  options.effort = effort_from(request.effort);
  options.searcher = request.searcher;
  static_cast<void>(make_searcher(options.searcher, {{{"any", {1}}}}, {}));  // Refuses others now.
  options.seed = request.seed;
  options.journals = cache_folder() / "journals";
  options.resume = request.resume;
  return options;
}

}  // namespace autotune::python
