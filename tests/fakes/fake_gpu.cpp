#include "fakes/fake_gpu.hpp"

#include <algorithm>
#include <cmath>

namespace autotune::testing {
namespace {

constexpr int cold_celsius = 31;
constexpr double leap_joules = 1e9;

PowerOptions power_of(const NvmlBench& bench, unsigned index, double start) {
  PowerOptions power = bench.power;
  if (index < bench.watts.size()) power.watts = bench.watts[index];
  power.heats_from_s = start;
  return power;
}

}  // namespace

FakeGpu::FakeGpu(const NvmlBench& bench, unsigned index, double start)
    : bench_(bench),
      index_(index),
      start_(start),
      name_(index < bench.names.size() ? bench.names[index] : "Fake GPU " + std::to_string(index)),
      trace_(power_of(bench, index, start)),
      sensor_(trace_, bench.sensor) {}

unsigned FakeGpu::bus() const {
  return 0x19 + (bench_.reversed_bus ? bench_.devices - 1 - index_ : index_);
}

double FakeGpu::millijoules(double time) {
  if (bench_.counter == "zero") return 0;
  if (bench_.counter == "frozen") return 1'000'000;
  if (past(bench_.frozen_after_s, time)) time = start_ + *bench_.frozen_after_s;
  double joules = sensor_.joules(time);
  if (past(bench_.reset_after_s, time)) joules -= trace_.joules(start_ + *bench_.reset_after_s);
  if (past(bench_.leap_after_s, time)) joules += leap_joules;
  return 1000 * std::max(0.0, joules);
}

double FakeGpu::instant_milliwatts(double time) const { return 1000 * sensor_.instant_watts(time); }

double FakeGpu::average_milliwatts(double time) const { return 1000 * sensor_.average_watts(time); }

double FakeGpu::throttled_ns(std::size_t cause, double time) const {
  return bench_.throttled[cause] * (time - start_) * 1e9;
}

int FakeGpu::celsius(double time) const {
  return cold_celsius + static_cast<int>(std::lround(trace_.heated_kelvin(time)));
}

}  // namespace autotune::testing
