#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "autotune/tuner.hpp"
#include "journal/record_file.hpp"
#include "support/synthetic_workload.hpp"
#include "vocabulary/json.hpp"

namespace autotune::testing {

/// A tune of a synthetic workload whose noise depends on the configuration and on how often it was
/// measured, the windows in a journal included: going on from a journal meets the noise that the
/// uninterrupted tune would have met.
class SimulatedTune {
 public:
  explicit SimulatedTune(std::filesystem::path journals) {
    options_.journals = std::move(journals);
  }

  TuneOptions& options() { return options_; }
  [[nodiscard]] int windows_taken() const { return windows_taken_; }

  TuneResult run(bool resume) {
    options_.resume = resume;
    visits_ = resume ? visits_in_journal() : std::map<std::string, int>{};
    windows_taken_ = 0;
    FakeClock clock;
    SyntheticWorkload inner(clock, {Arm{}, Arm{.precision = Precision::bf16}},
                            {.seconds = seconds, .watts = [this](const Config& config) {
                               return 10 * (1 + noise(config));
                             }});
    Counted workload(inner, [this](const Config& config) {
      ++windows_taken_;
      ++visits_[to_string(config)];
    });
    std::vector<std::unique_ptr<EnergyMeter>> meters;
    meters.push_back(std::make_unique<SyntheticMeter>(clock, inner));
    return tune(workload, meters, clock, options_);
  }

  /// What a resumed tune must give as the uninterrupted one does, all but the energies.
  static std::string answer(const TuneResult& result) {
    std::ostringstream text;
    text << "best " << to_string(result.best.config);
    for (const Trial& trial : result.trials) {
      text << '\n' << to_string(trial.config) << ' ' << to_string(trial.status);
      if (trial.measurement) text << ' ' << trial.measurement->windows.size();
    }
    return text.str();
  }

  /// How far apart the energies of two tunes with the same answer are. Nothing but the race's time
  /// axis tells them apart: a resumed tune prepares and warms up once more.
  static double difference(const TuneResult& a, const TuneResult& b) {
    double most = 0;
    for (std::size_t i = 0; i < a.trials.size(); ++i) {
      const auto& one = a.trials[i].measurement;
      const auto& other = b.trials.at(i).measurement;
      if (one) most = std::max(most, std::abs(*one->joules_per_unit / *other->joules_per_unit - 1));
    }
    return most;
  }

 private:
  /// Tells of the runs that are windows: limited in number, and not the first in fresh memory.
  class Counted final : public Workload {
   public:
    Counted(Workload& inner, std::function<void(const Config&)> tell)
        : inner_(inner), tell_(std::move(tell)) {}
    Description describe() override { return inner_.describe(); }
    Prepared prepare(const PrepareRequest& request) override {
      arm_ = request.arm;
      return inner_.prepare(request);
    }
    RunResult run(const RunRequest& request) override {
      RunResult result = inner_.run(request);
      if (request.max_iterations > 0 && !request.fresh_memory) tell_({request.batch, arm_});
      return result;
    }

   private:
    Workload& inner_;
    std::function<void(const Config&)> tell_;
    Arm arm_;
  };

  static double seconds(const Config& config) {
    const double speed = config.arm.precision == Precision::bf16 ? 0.5 : 1;
    return speed * (config.batch > 12 ? 1.3 : 1) * (0.04 + 0.01 * config.batch);
  }

  double noise(const Config& config) {
    const std::string text = to_string(config);
    std::mt19937_64 generator(std::hash<std::string>{}(text) + 7919u * visits_[text]);
    return 0.01 * std::normal_distribution<double>{}(generator);
  }

  [[nodiscard]] std::map<std::string, int> visits_in_journal() const {
    std::map<std::string, int> visits;
    for (const auto& entry : std::filesystem::directory_iterator(options_.journals)) {
      for (const std::string& text : read_records(entry.path()).texts) {
        const Json record = Json::parse(text);
        if (record.value("step", "") == "window") {
          ++visits[to_string(record.at("config").get<Config>())];
        }
      }
    }
    return visits;
  }

  // More seconds than it needs: a resumed tune warms up once more, which may cost no step.
  TuneOptions options_{
      .max_batch = 24, .budget = {.seconds = 600}, .effort = Effort::quick, .seed = 5};
  std::map<std::string, int> visits_;
  int windows_taken_ = 0;
};

}  // namespace autotune::testing
