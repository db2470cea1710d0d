#pragma once
#include <atomic>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "autotune/workload.hpp"
#include "support/fake_clock.hpp"

namespace autotune::testing {

/// A workload of which the true energy of every configuration is known: seconds and watts are
/// functions of the configuration, and running it moves the fake clock.
class SyntheticWorkload final : public Workload {
 public:
  struct Behaviour {
    std::function<double(const Config&)> seconds;  ///< Per iteration.
    std::function<double(const Config&)> watts = [](const Config&) { return 10.0; };
    std::function<TrialStatus(const Config&)> status = [](const Config&) {
      return TrialStatus::ok;
    };
    std::function<Accuracy(const Arm&)> accuracy = [](const Arm&) { return Accuracy{}; };
    double noise_cv = 0;  ///< Of the watts, drawn anew for each run.
    double prepare_seconds = 0.2;
    int most_accuracy_rows = 1000;  ///< An accuracy pass of more, or of as many as it likes, fails.
  };

  SyntheticWorkload(FakeClock& clock, std::vector<Arm> arms, Behaviour behaviour)
      : clock_(clock), behaviour_(std::move(behaviour)) {
    description_.id = {"synthetic", "item", "float32[batch,4]", "zip:0000000000000000"};
    description_.rows = 64;
    description_.arms = std::move(arms);
  }

  Description& description() { return description_; }
  [[nodiscard]] double joules() const { return joules_.load(); }
  [[nodiscard]] const std::vector<std::string>& calls() const { return calls_; }

  [[nodiscard]] double true_joules_per_unit(const Config& config) const {
    return behaviour_.watts(config) * behaviour_.seconds(config) / config.batch;
  }

  Description describe() override { return description_; }

  Prepared prepare(const PrepareRequest& request) override {
    calls_.push_back("prepare " + to_string(request.arm));
    spend(behaviour_.prepare_seconds, 5);
    if (request.check_accuracy && behaviour_.most_accuracy_rows < 1000 &&
        (request.accuracy_batch == 0 || request.accuracy_batch > behaviour_.most_accuracy_rows)) {
      return {.status = TrialStatus::out_of_memory, .reason = "bad_alloc"};
    }
    arm_ = request.arm;
    return {.set_up = {.seconds = behaviour_.prepare_seconds},
            .accuracy = behaviour_.accuracy(request.arm)};
  }

  RunResult run(const RunRequest& request) override {
    const Config config{request.batch, arm_};
    calls_.push_back("run " + to_string(config));
    RunResult result{.status = behaviour_.status(config)};
    if (result.status != TrialStatus::ok) {
      spend(0.5, 5);
      result.reason = "made to fail";
      return result;
    }
    const double watts = behaviour_.watts(config) * (1 + behaviour_.noise_cv * normal_(generator_));
    result.start = clock_.now();
    while (static_cast<int>(result.completions.size()) < request.min_iterations ||
           in_seconds(clock_.now() - result.start) < request.seconds) {
      if (request.max_iterations > 0 &&
          static_cast<int>(result.completions.size()) == request.max_iterations) {
        break;
      }
      spend(behaviour_.seconds(config), watts);
      result.completions.push_back(clock_.now());
      result.units.push_back(config.batch);
    }
    result.peak_memory_bytes = 1'000'000u * static_cast<std::uint64_t>(config.batch);
    result.memory_growth_bytes = request.fresh_memory ? result.peak_memory_bytes : 0;
    return result;
  }

 private:
  void spend(double seconds, double watts) {
    clock_.sleep_for(std::chrono::nanoseconds(std::llround(seconds * 1e9)));
    joules_.fetch_add(seconds * watts);
  }

  FakeClock& clock_;
  Behaviour behaviour_;
  Description description_;
  Arm arm_;
  std::atomic<double> joules_ = 0;  ///< A meter may be read from another thread.
  std::vector<std::string> calls_;
  std::mt19937_64 generator_{7};
  std::normal_distribution<double> normal_;
};

/// Reads the joules the synthetic workload has spent.
class SyntheticMeter final : public EnergyMeter {
 public:
  SyntheticMeter(FakeClock& clock, const SyntheticWorkload& workload)
      : clock_(clock), workload_(workload) {
    info_.source = EnergySource::rapl;
    info_.poll_period = std::chrono::nanoseconds(0);
  }
  [[nodiscard]] const MeterInfo& info() const override { return info_; }
  [[nodiscard]] std::optional<Reading> read() override {
    ++reads;
    if (fails) return std::nullopt;
    return Reading{clock_.now(), workload_.joules()};
  }
  bool fails = false;
  std::atomic<int> reads = 0;
  void poll_every(std::chrono::nanoseconds period) { info_.poll_period = period; }
  void draws_at_most(double watts) { info_.most_watts = watts; }

 private:
  FakeClock& clock_;
  const SyntheticWorkload& workload_;
  MeterInfo info_;
};

}  // namespace autotune::testing
