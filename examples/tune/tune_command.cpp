#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <fstream>

#include "autotune/variant_set.hpp"
#include "commands.hpp"
#include "interrupt.hpp"
#include "model_options.hpp"
#include "progress.hpp"

namespace autotune::cli {
namespace {

constexpr const char* usage =
    "autotune tune MODEL|--exec COMMAND [--inputs FILE | --input SPEC...] [OPTIONS]";
constexpr int most_threads = 1 << 16;

std::string searcher_help() {
  std::string text;
  for (const SearcherEntry& entry : searchers()) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", entry.name, entry.summary);
  }
  return text;
}

po::options_description flags() {
  const auto text = [] { return po::value<std::string>(); };
  const auto number = [] { return po::value<double>(); };
  po::options_description options("Options", 100);
  add_model_options(options, "standard");
  // clang-format off
  options.add_options()
      ("batch", text(), "range FIRST:LAST (default 1:128 on a CPU, 1:1024 on a GPU)")
      ("precision", text(), "only these, comma separated: fp32, tf32, fp16, bf16, int8")
      ("layout", text(), "only these, comma separated: plain, channels_last, prepacked, compiled")
      ("threads", text(), "CPU threads to try in every arm: 1,2 (default: as the process is)")
      ("baseline", text(), "what runs today, measured first: batch=32,precision=fp32")
      ("max-latency-ms", number(), "limit on p99 per iteration (maximum below 100 iterations)")
      ("max-memory-mib", number(), "limit on peak memory")
      ("min-cosine", number(), "least cosine of the worst row against FP32 (default 0.999)")
      ("max-relative-l2", number(), "largest relative L2 error against FP32 (default by cosine)")
      ("min-coverage", number(), "least share of matrix FLOPs in an arm's precision (default 0.5)")
      ("budget-seconds", number(), "wall time of all of it (default 60, 300 or 1800 by effort)")
      ("budget-joules", number(), "energy of the tune itself (default: what the device can draw)")
      ("searcher", text(), searcher_help().c_str())
      ("resume", "go on with the newest journal of this model on this device, with the same options")
      ("events", text(), "write every step and rejected window as a JSON line to this file")
      ("dry-run", "say what would be tried, and exit");
  // clang-format on
  return options;
}

template <typename Enum>
std::vector<Enum> parse_words(const std::string& flag, const std::string& text,
                              std::optional<Enum> (*parse_word)(std::string_view),
                              std::span<const Enum> all) {
  std::vector<Enum> values;
  for (const std::string& word : parse_list(text)) {
    if (const auto value = parse_word(word)) {
      values.push_back(*value);
      continue;
    }
    std::string known;
    for (const Enum value : all) {
      known += fmt::format("{}{}", known.empty() ? "" : ", ", to_string(value));
    }
    throw Error(ErrorCode::usage,
                fmt::format("{} has unknown '{}'. Known: {}.", flag, word, known));
  }
  if (values.empty()) throw Error(ErrorCode::usage, fmt::format("{} names nothing.", flag));
  return values;
}

std::vector<int> parse_numbers(const std::string& flag, const std::string& text, int least,
                               int most) {
  std::vector<int> numbers;
  for (const std::string& word : parse_list(text)) {
    int number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc{} || end != word.data() + word.size() || number < least ||
        number > most) {
      throw Error(ErrorCode::usage, fmt::format("{} '{}' is no whole number from {} to {}.", flag,
                                                word, least, most));
    }
    numbers.push_back(number);
  }
  if (numbers.empty()) throw Error(ErrorCode::usage, fmt::format("{} names nothing.", flag));
  return numbers;
}

std::optional<double> positive(const po::variables_map& values, const char* flag,
                               bool zero = false) {
  if (!values.count(flag)) return std::nullopt;
  const double value = values[flag].as<double>();
  require_positive(fmt::format("--{}", flag), value, zero);
  return value;
}

Constraints constraints(const po::variables_map& values) {
  Constraints limits;
  limits.max_latency_ms = positive(values, "max-latency-ms");
  if (const auto mib = positive(values, "max-memory-mib")) {
    limits.max_memory_bytes = static_cast<std::uint64_t>(*mib * 1024 * 1024);
  }
  limits.min_cosine = positive(values, "min-cosine", true).value_or(limits.min_cosine);
  if (limits.min_cosine > 1) {
    throw Error(ErrorCode::usage, fmt::format("--min-cosine {} is above 1: nothing can reach it.",
                                              limits.min_cosine));
  }
  limits.max_relative_l2 = positive(values, "max-relative-l2", true);
  limits.min_coverage = positive(values, "min-coverage", true).value_or(limits.min_coverage);
  if (limits.min_coverage > 1) {
    throw Error(ErrorCode::usage,
                fmt::format("--min-coverage {} is above 1: no arm covers more than everything.",
                            limits.min_coverage));
  }
  return limits;
}

TuneOptions tune_options(const po::variables_map& values, const ModelOptions& model) {
  TuneOptions options;
  options.effort = model.effort;
  options.max_batch = default_max_batch(model.session.device);
  if (values.count("batch")) {
    std::tie(options.min_batch, options.max_batch) = parse_range(values["batch"].as<std::string>());
  }
  if (values.count("precision")) {
    options.precisions = parse_words<Precision>(
        "--precision", values["precision"].as<std::string>(), parse_precision, all_precisions());
  }
  if (values.count("layout")) {
    options.layouts = parse_words<Layout>("--layout", values["layout"].as<std::string>(),
                                          parse_layout, all_layouts());
  }
  if (values.count("threads")) {
    options.threads =
        parse_numbers("--threads", values["threads"].as<std::string>(), 1, most_threads);
  }
  if (values.count("baseline"))
    options.baseline = parse_config(values["baseline"].as<std::string>());
  options.constraints = constraints(values);
  options.budget.seconds = positive(values, "budget-seconds");
  options.budget.joules = positive(values, "budget-joules");
  if (values.count("searcher")) {
    options.searcher = values["searcher"].as<std::string>();
    (void)make_searcher(options.searcher, {{{"any", {1}}}}, {});  // Refuses an unknown name now.
  }
  options.seed = values["seed"].as<std::uint64_t>();
  options.journals = cache_folder() / "journals";
  options.resume = values.count("resume") > 0;
  return options;
}

/// ` and 105000 J`; empty where nobody tells what the device can draw.
std::string joules_words(const TuneOptions& options, const MeterInfo& meter) {
  const auto joules = options.budget.joules_for(options.effort, meter.most_watts);
  return joules ? fmt::format(" and {:.0f} J", *joules) : "";
}

int dry_run(Session& session, const TuneOptions& options) {
  const Description description = session.workload().describe();
  print_warnings(description.warnings);
  fmt::print("{}: {} rows, {:.4g} {} per row, {}\n", description.id.name, description.rows,
             description.units_per_row, description.id.unit, description.id.inputs);
  for (const Arm& arm : arms_to_try(description, options)) {
    fmt::print(" would try     {}\n", to_string(arm));
  }
  for (const UnsupportedArm& arm : description.unsupported) {
    fmt::print(" unsupported   precision={},layout={}: {}\n", to_string(arm.precision),
               to_string(arm.layout), arm.reason);
  }
  fmt::print(" batches {}:{} within {:.0f} s{}\n", options.min_batch, options.max_batch,
             options.budget.seconds_for(options.effort),
             joules_words(options, session.meters().front()->info()));
  return 0;
}

/// Nothing if it was interrupted before anything was measured.
std::optional<TuneResult> tune_and_watch(Session& session, TuneOptions options,
                                         const std::string& unit) {
  catch_interrupts();
  ProgressLine line(unit);
  options.on_progress = [&](const Progress& progress) { line.show(progress); };
  options.stop_requested = [] { return interrupt_signal() != 0; };
  try {
    return session.tune(options);
  } catch (const Error& error) {
    if (interrupt_signal() == 0 || error.code() != ErrorCode::constraints) throw;
    fmt::print(stderr, "autotune: interrupted before anything was measured; nothing is saved.\n");
    return std::nullopt;
  }
}

/// The file that `--events` names.
class EventFile {
 public:
  explicit EventFile(const std::string& path) : path_(path), file_(path, std::ios::trunc) {
    if (file_) return;
    throw Error(ErrorCode::io, fmt::format("--events {} cannot be written. Name a file in a folder "
                                           "that can be written.",
                                           path));
  }
  /// Each line is there as soon as it happened, for whoever follows the file. A disk that fills up
  /// costs events, not the tune.
  void write(const TuneEvent& event) {
    if (!file_) return;
    file_ << event_line(event) << std::flush;
    if (!file_)
      print_warnings({fmt::format("--events {} ends here: it cannot be written.", path_)});
  }

 private:
  std::string path_;
  std::ofstream file_;
};

std::unique_ptr<EventFile> open_events(const po::variables_map& values) {
  return values.count("events") ? std::make_unique<EventFile>(values["events"].as<std::string>())
                                : nullptr;
}

std::string shown_unit(const WorkloadOptions& workload) {
  if (!workload.unit.empty()) return workload.unit;
  const bool own_mask = !workload.inputs && workload.input_specs.empty() &&
                        is_variant_set(workload.model) &&
                        read_variant_set(workload.model).units_from_mask;
  return workload.units_from_mask || own_mask ? "token" : "item";
}

}  // namespace

int tune_command(const std::vector<std::string>& words) {
  const Timestamp started = SteadyClock().now();
  const po::variables_map values = parse(words, flags(), {"model"}, usage);
  if (values.count("help")) return 0;
  ModelOptions model = model_options(values);
  TuneOptions options = tune_options(values, model);
  options.started = started;
  const ProfileStore store = ProfileStore::from_environment();
  store.check_writable(model.session.device.name);

  const auto events = open_events(values);
  if (events) options.on_event = [&](const TuneEvent& event) { events->write(event); };

  model.session.worker.workload.first_batch = options.min_batch;
  model.session.worker.workload.last_batch = options.max_batch;
  Session session(model.session);
  if (values.count("dry-run")) return dry_run(session, options);
  const auto result = tune_and_watch(session, options, shown_unit(model.session.worker.workload));
  if (!result) return 128 + interrupt_signal();
  const auto path = store.save(make_profile(*result));
  if (values.count("json")) {
    fmt::print("{}", to_json(*result, path.string()));
  } else {
    fmt::print("{}", table(*result, path.string()));
  }
  return interrupt_signal() == 0 ? 0 : 128 + interrupt_signal();
}

}  // namespace autotune::cli
