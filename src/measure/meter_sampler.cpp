#include "measure/meter_sampler.hpp"

#include <algorithm>

namespace autotune {
namespace {

std::chrono::nanoseconds shortest_period(const std::vector<std::unique_ptr<EnergyMeter>>& meters) {
  std::chrono::nanoseconds shortest{0};
  for (const auto& meter : meters) {
    const auto period = meter->info().poll_period;
    if (period.count() > 0 && (shortest.count() == 0 || period < shortest)) shortest = period;
  }
  return shortest;
}

}  // namespace

MeterSampler::MeterSampler(const std::vector<std::unique_ptr<EnergyMeter>>& meters)
    : meters_(meters), readings_(meters.size()) {
  read_all();
  if (shortest_period(meters).count() > 0) thread_ = std::thread([this] { poll(); });
}

MeterSampler::~MeterSampler() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::vector<std::vector<Reading>> MeterSampler::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  read_all();
  return std::move(readings_);
}

void MeterSampler::poll() {
  const auto period = shortest_period(meters_);
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, period, [this] { return stopping_; })) read_all();
}

void MeterSampler::read_all() {
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    if (const auto reading = meters_[i]->read()) readings_[i].push_back(*reading);
  }
}

}  // namespace autotune
