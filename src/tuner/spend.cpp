#include "tuner/spend.hpp"

#include <algorithm>

namespace autotune {

Spend::Spend(Clock& clock, EnergyMeter& meter, Timestamp started)
    : clock_(clock), meter_(meter), started_(started), last_(meter.read()) {}

void Spend::note() {
  const auto reading = meter_.read();
  if (!reading) return;
  if (last_) {
    joules_ += meter_.info().kind == ReadingKind::watts
                   ? (last_->value + reading->value) / 2 * in_seconds(reading->time - last_->time)
                   : std::max(0.0, reading->value - last_->value);
  }
  last_ = reading;
}

double Spend::seconds() const { return in_seconds(clock_.now() - started_); }

}  // namespace autotune
