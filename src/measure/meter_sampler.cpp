#include "measure/meter_sampler.hpp"

#include <algorithm>

namespace autotune {

using std::chrono::steady_clock;

MeterSampler::MeterSampler(const std::vector<std::unique_ptr<EnergyMeter>>& meters, QuietSpan quiet,
                           std::chrono::nanoseconds least_period)
    : meters_(meters),
      quiet_(quiet),
      least_period_(least_period),
      started_(steady_clock::now()),
      readings_(meters.size()) {
  read_all();
  bool any = false;
  for (std::size_t i = 0; i < meters.size(); ++i) any = any || polls(i);
  if (any) thread_ = std::thread([this] { poll(); });
}

MeterSampler::~MeterSampler() { finish(); }

std::vector<std::vector<Reading>> MeterSampler::stop() {
  finish();
  read_all();
  return std::move(readings_);
}

void MeterSampler::finish() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool MeterSampler::polls(std::size_t meter) const {
  return meters_[meter]->info().poll_period.count() > 0;
}

std::chrono::nanoseconds MeterSampler::period_of(std::size_t meter) const {
  const MeterInfo& info = meters_[meter]->info();
  return info.kind == ReadingKind::cumulative_joules ? std::max(info.poll_period, least_period_)
                                                     : info.poll_period;
}

MeterSampler::Time MeterSampler::next_after(Time time, std::size_t meter) const {
  const MeterInfo& info = meters_[meter]->info();
  const Time next = time + period_of(meter);
  const bool in_quiet_span = next > started_ + quiet_.begin && next < started_ + quiet_.end;
  return info.kind == ReadingKind::cumulative_joules && in_quiet_span ? started_ + quiet_.end
                                                                      : next;
}

void MeterSampler::poll() {
  std::vector<Time> due(meters_.size(), Time::max());
  for (std::size_t i = 0; i < due.size(); ++i) {
    if (polls(i)) due[i] = next_after(started_, i);
  }
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto first = std::min_element(due.begin(), due.end());
    if (wake_.wait_until(lock, *first, [this] { return stopping_; })) return;
    const auto meter = static_cast<std::size_t>(first - due.begin());
    read(meter);
    *first = next_after(std::max(*first, steady_clock::now() - period_of(meter)), meter);
  }
}

void MeterSampler::read(std::size_t meter) {
  const Time before = steady_clock::now();
  if (const auto reading = meters_[meter]->read()) readings_[meter].push_back(*reading);
  cost_ += steady_clock::now() - before;
}

void MeterSampler::read_all() {
  for (std::size_t i = 0; i < meters_.size(); ++i) read(i);
}

}  // namespace autotune
