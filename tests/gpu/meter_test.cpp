#include <thread>

#include "autotune/energy.hpp"
#include "gpu/gpu_test.hpp"

namespace autotune {
namespace {

using GpuMeter = GpuTest;

constexpr double load_seconds = 3;

std::vector<std::unique_ptr<EnergyMeter>> meters_of(const Device& gpu) {
  std::vector<std::string> warnings;
  return open_meters({.device_is_gpu = true, .pci_address = gpu.pci_address}, warnings);
}

TEST_F(GpuMeter, RanksByTheCardAndNotByAModel) {
  const auto meters = meters_of(gpu);
  const MeterInfo& info = meters.front()->info();
  EXPECT_NE(info.source, EnergySource::modelled) << info.note;
  EXPECT_TRUE(info.claimable) << info.note;
}

/// Mean power over the next three seconds, of which the first lets clocks and power settle.
std::optional<double> watts_now(EnergyMeter& meter) {
  SteadyClock clock;
  std::vector<Reading> readings;
  const Timestamp begin = clock.now();
  while (in_seconds(clock.now() - begin) < load_seconds) {
    if (const auto reading = meter.read()) readings.push_back(*reading);
    clock.sleep_for(std::chrono::milliseconds(20));
  }
  if (readings.size() < 2) return std::nullopt;
  const Timestamp from = begin + std::chrono::seconds(1);
  const auto joules = joules_between(readings, meter.info().kind, from, readings.back().time);
  if (!joules) return std::nullopt;
  return *joules / in_seconds(readings.back().time - from);
}

TEST_F(GpuMeter, ShowsMorePowerUnderLoadThanAtRestAndBothPlausible) {
  const ScriptFile model(matmul_body);
  const auto workload = make_torch_workload(model.options(matmul_input));
  ASSERT_EQ(workload->prepare({.check_accuracy = false}).status, TrialStatus::ok);
  const auto meters = meters_of(gpu);
  const auto idle = watts_now(*meters.front());
  RunResult run;
  std::thread load([&] { run = workload->run({.batch = 4096, .seconds = load_seconds + 0.5}); });
  const auto busy = watts_now(*meters.front());
  load.join();
  ASSERT_EQ(run.status, TrialStatus::ok) << run.reason;
  ASSERT_TRUE(idle.has_value());
  ASSERT_TRUE(busy.has_value());
  EXPECT_GT(*busy, 1.3 * *idle);
  EXPECT_GT(*idle, 5);
  EXPECT_LT(*busy, 1500);  // The most that a card is rated at, with room.
}

}  // namespace
}  // namespace autotune
