#include "tuner/spend.hpp"

#include <algorithm>

namespace autotune {

Spend::Spend(Clock& clock, EnergyMeter& meter, Timestamp started)
    : clock_(clock), meter_(meter), noted_(started), last_(meter.read()) {}

void Spend::note() {
  const Timestamp now = clock_.now();
  seconds_ += in_seconds(now - noted_);
  noted_ = now;
  const auto reading = meter_.read();
  if (!reading) return;
  if (last_) {
    joules_ += meter_.info().kind == ReadingKind::watts
                   ? (last_->value + reading->value) / 2 * in_seconds(reading->time - last_->time)
                   : std::max(0.0, reading->value - last_->value);
  }
  last_ = reading;
}

void Spend::restore(double seconds, double joules) noexcept {
  seconds_ = seconds;
  joules_ = joules;
}

}  // namespace autotune
