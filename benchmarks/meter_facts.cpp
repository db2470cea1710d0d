// What the meters of a device do: the self-test of each (how often its counter moves, what a call
// costs, idle and loaded power, whether counter and integrated power agree, whether it sees all of
// the time), with the model as the load. Prints one JSON object; what the ranking meter did is kept
// in the cache for later tunes.
//
//     autotune_meter_facts MODEL --inputs FILE --device cuda --batch 64 --seconds 15
#include <fmt/format.h>

#include <atomic>
#include <boost/program_options.hpp>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <thread>

#include "autotune/autotune.hpp"
#include "benchmarks/open_session.hpp"
#include "energy/meters.hpp"
#include "energy/self_test.hpp"
#include "session/meter_facts_store.hpp"

namespace {

using namespace autotune;
namespace po = boost::program_options;
/// A model that runs, a few milliseconds at a time, while it is switched on.
class ModelLoad {
 public:
  ModelLoad(Workload& workload, int batch) : workload_(workload), batch_(batch) {
    const Description description = workload_.describe();
    (void)workload_.prepare({description.arms.front(), 0, false});
    (void)workload_.run({.batch = batch_, .seconds = 0.5, .fresh_memory = true});
    thread_ = std::thread([this] { run(); });
  }
  ~ModelLoad() {
    change([this] { ending_ = true; });
    thread_.join();
  }
  ModelLoad(const ModelLoad&) = delete;
  ModelLoad& operator=(const ModelLoad&) = delete;

  [[nodiscard]] Load load() {
    return {[this] { change([this] { on_ = true; }); },
            [this] { change([this] { on_ = false; }); }};
  }

  [[nodiscard]] TrialStatus status() const { return status_; }

 private:
  template <typename Change>
  void change(const Change& apply) {
    const std::lock_guard lock(mutex_);
    apply();
    changed_.notify_all();
  }

  void run() {
    constexpr double slice_seconds = 0.005;  // So long a stop may take.
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return on_ || ending_; });
      if (ending_) return;
      lock.unlock();
      const RunResult result = workload_.run({.batch = batch_, .seconds = slice_seconds});
      if (result.status != TrialStatus::ok) status_ = result.status;
      lock.lock();
    }
  }

  Workload& workload_;
  int batch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool on_ = false;
  bool ending_ = false;
  std::atomic<TrialStatus> status_ = TrialStatus::ok;
  std::thread thread_;
};

std::optional<double> limit_of(const Device& device) {
  const auto found = device.key.identity.find("power_limit_w");
  return found == device.key.identity.end() ? std::nullopt
                                            : std::optional(std::stod(found->second));
}

/// Instant power beside a counter of the same GPU.
std::unique_ptr<EnergyMeter> power_beside(const EnergyMeter& meter, const Device& device) {
  if (meter.info().source != EnergySource::nvml_counter) return nullptr;
  return open_nvml_power(meter_options(device, "auto"));
}

/// The facts of each meter, in the order of the session's.
std::vector<MeterFacts> test_meters(Session& session, ModelLoad& model, double seconds) {
  std::vector<MeterFacts> facts;
  const Load load = model.load();
  SteadyClock clock;
  for (const auto& meter : session.meters()) {
    const auto power = power_beside(*meter, session.device());
    facts.push_back(self_test(
        *meter, load, clock,
        {.seconds = seconds, .power = power.get(), .limit_watts = limit_of(session.device())}));
    clock.sleep_for(std::chrono::seconds(3));  // Back to rest.
  }
  return facts;
}

po::variables_map parse(int argc, char** argv) {
  po::options_description options("autotune_meter_facts MODEL [OPTIONS]");
  // clang-format off
  options.add_options()
      ("help", "print this and exit")
      ("model", po::value<std::string>()->required(), "TorchScript file: the steady load")
      ("inputs", po::value<std::string>()->required(), "its inputs, from torch.save")
      ("device", po::value<std::string>()->default_value("auto"), "auto, cpu, cuda or cuda:N")
      ("batch", po::value<int>()->default_value(64), "of the steady load")
      ("seconds", po::value<double>()->default_value(15), "for each meter, at most");
  // clang-format on
  po::positional_options_description positions;
  positions.add("model", 1);
  po::variables_map values;
  po::store(po::command_line_parser(argc, argv).options(options).positional(positions).run(),
            values);
  if (values.count("help")) {
    std::cout << options;
    std::exit(0);
  }
  po::notify(values);
  return values;
}

int print_facts(const po::variables_map& values) {
  Session session = open_session(values);
  const int batch = values["batch"].as<int>();
  ModelLoad model(session.workload(), batch);
  const auto meters = test_meters(session, model, values["seconds"].as<double>());
  if (!meters.empty() && meters.front().source != EnergySource::modelled) {
    save_meter_facts(session.device(), meters.front());
  }
  Json facts = {{"meters", meters}};
  facts["load"] = {{"batch", batch}, {"status", to_string(model.status())}};
  const Device& device = session.device();
  facts["device"] = Json{{"name", device.name},
                         {"identity", device.key.identity},
                         {"conditions", device.key.conditions},
                         {"record", device.key.record}};
  facts["warnings"] = session.warnings();
  std::cout << facts.dump(2) << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return print_facts(parse(argc, argv));
  } catch (const Error& error) {
    fmt::print(stderr, "autotune_meter_facts: {}\n", error.what());
    return exit_status(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "autotune_meter_facts: {}\n", error.what());
    return 2;
  }
}
