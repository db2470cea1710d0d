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

TEST_F(GpuMeter, ShowsPlausiblePowerUnderLoad) {
  const ScriptFile model(matmul_body);
  const auto workload = make_torch_workload(model.options(matmul_input));
  ASSERT_EQ(workload->prepare({.check_accuracy = false}).status, TrialStatus::ok);
  const auto meters = meters_of(gpu);
  EnergyMeter& meter = *meters.front();

  RunResult run;
  std::thread load([&] { run = workload->run({.batch = 4096, .seconds = load_seconds + 0.5}); });
  SteadyClock clock;
  std::vector<Reading> readings;
  const Timestamp begin = clock.now();
  while (in_seconds(clock.now() - begin) < load_seconds) {
    if (const auto reading = meter.read()) readings.push_back(*reading);
    clock.sleep_for(std::chrono::milliseconds(20));
  }
  load.join();

  ASSERT_EQ(run.status, TrialStatus::ok) << run.reason;
  ASSERT_GE(readings.size(), 2U);
  const auto joules = joules_between(readings, meter.info().kind, begin + std::chrono::seconds(1),
                                     readings.back().time);
  ASSERT_TRUE(joules.has_value());
  const double watts = *joules / in_seconds(readings.back().time - begin - std::chrono::seconds(1));
  EXPECT_GT(watts, 20);    // The least that a data-centre card draws at work.
  EXPECT_LT(watts, 1500);  // The most that one is rated at, with room.
}

}  // namespace
}  // namespace autotune
