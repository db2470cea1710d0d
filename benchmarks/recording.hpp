#pragma once
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "autotune/autotune.hpp"
#include "benchmarks/open_session.hpp"
#include "benchmarks/row_file.hpp"
#include "measure/runner.hpp"
#include "vocabulary/json.hpp"

// What the programs share that record a model on this hardware.
namespace autotune {

/// The options that `open_session`, `energy_windows` and `Recording` read.
inline void add_recording_options(po::options_description& options) {
  const auto text = [] { return po::value<std::string>(); };
  // clang-format off
  options.add_options()
      ("help", "print this and exit")
      ("model", text()->required(), "TorchScript file")
      ("inputs", text()->required(), "its inputs, from torch.save")
      ("device", text()->default_value("auto"), "auto, cpu, cuda or cuda:N")
      ("meter", text()->default_value("auto"), "auto, nvml, nvml:N, rapl or modelled")
      ("out", text()->required(), "the table, without .csv; rows are appended")
      ("label", text()->default_value(""), "name of the model, as a first column of the table")
      ("window-seconds", po::value<double>()->default_value(2), "of an energy, at least")
      ("repeats", po::value<int>()->default_value(1), "of a window that something disturbed")
      ("seconds", po::value<double>()->default_value(120), "stop after this long");
  // clang-format on
}

/// Windows in which energies are read, as the meter's self-test asks for.
inline MeasureOptions energy_windows(const po::variables_map& values, Session& session) {
  // Counters move every 100 ms: fewer than five of their changes are no measurement.
  constexpr double least_ticks = 5, ticks_per_second = 10;
  session.trust_meters(Effort::quick);
  MeasureOptions options = session.measure_options(Effort::standard);
  options.window_seconds = values["window-seconds"].as<double>();
  options.min_ticks = static_cast<int>(
      std::lround(std::max(least_ticks, ticks_per_second * options.window_seconds)));
  options.max_repeats = values["repeats"].as<int>();
  return options;
}

/// A session that records until its time is over, and says at the end what there is.
class Recording {
 public:
  explicit Recording(const po::variables_map& values)
      : seconds_(values["seconds"].as<double>()),
        session_(open_session(values)),
        description_(session_.workload().describe()) {
    introduce();
  }

  [[nodiscard]] Session& session() noexcept { return session_; }
  [[nodiscard]] const Description& description() const noexcept { return description_; }
  [[nodiscard]] bool may_go_on() { return in_seconds(clock_.now() - started_) < seconds_; }

  /// Prints what was there to be recorded, and whether all of it was, as a JSON object.
  void conclude(bool complete) const {
    std::vector<std::string> arms;
    for (const Arm& arm : description_.arms) arms.push_back(short_name(arm));
    const Json summary = {{"complete", complete},
                          {"arms", arms},
                          {"unsupported", description_.unsupported},
                          {"unit", description_.id.unit},
                          {"units_per_row", description_.units_per_row},
                          {"rows", description_.rows},
                          {"inputs", description_.id.inputs},
                          {"fingerprint", description_.id.fingerprint},
                          {"meter", session_.meters().front()->info()},
                          {"warnings", warnings()}};
    fmt::print("{}", to_lines(summary));
    fmt::print(stderr, "{}\n", complete ? "complete" : "cut short: call it again to go on");
  }

 private:
  void introduce() const {
    for (const std::string& warning : warnings()) fmt::print(stderr, "warning: {}\n", warning);
    for (const UnsupportedArm& arm : description_.unsupported) {
      fmt::print(stderr, "{} {}: {}\n", to_string(arm.precision), to_string(arm.layout),
                 arm.reason);
    }
    const MeterInfo& meter = session_.meters().front()->info();
    fmt::print(stderr, "{}: energy from {}, {}\n", session_.device().name, to_string(meter.source),
               meter.note);
  }

  [[nodiscard]] std::vector<std::string> warnings() const {
    std::vector<std::string> all = session_.warnings();
    all.insert(all.end(), description_.warnings.begin(), description_.warnings.end());
    return all;
  }

  SteadyClock clock_;
  Timestamp started_ = clock_.now();  ///< Before the worker starts, which takes seconds.
  double seconds_;
  Session session_;
  Description description_;
};

}  // namespace autotune
