#include "search/hybrid/costs.hpp"

#include <algorithm>
#include <limits>

namespace autotune {
namespace {

// Guesses until the first step of a kind; they only order the first few steps.
constexpr std::array<double, 3> guessed_seconds = {0.1, 0.1, 1.5};
constexpr double guessed_switch_seconds = 8;

// A switch serves the steps that follow it in the same arm: so many, mostly. Where only windows are
// counted it costs nothing of what is, and less is made of it.
constexpr double windows_per_switch = 2;
constexpr double uncounted_windows_per_switch = 6;
constexpr double probes_per_switch = 20;

}  // namespace

void Costs::learn(const Step& step, const Outcome& outcome) {
  const bool switched = arm_ && *arm_ != step.candidate.arm;
  Mean& own = own_[index(step.kind)];
  if (outcome.status == TrialStatus::ok) {
    if (switched) {
      learn_switch(step.candidate.arm, outcome.seconds - seconds(step.kind));
    } else {
      own.sum += outcome.seconds;
      ++own.count;
    }
  }
  if (outcome.seconds > 0 && outcome.joules > 0) {
    watts_.sum += outcome.joules / outcome.seconds;
    ++watts_.count;
  }
  windows_ += step.kind == StepKind::window;
  seconds_ += outcome.seconds;
  joules_ += outcome.joules;
  if (step.kind == StepKind::probe) {
    probing_seconds_ += std::min(outcome.seconds, own.value(outcome.seconds));
  }
  arm_ = step.candidate.arm;
}

double Costs::seconds(StepKind kind) const {
  return own_[index(kind)].value(guessed_seconds[index(kind)]);
}

void Costs::learn_switch(std::size_t arm, double seconds) {
  seconds = std::max(0.0, seconds);
  if (!last_switch_seconds_.contains(arm)) {
    first_switches_.sum += seconds;
    ++first_switches_.count;
  }
  last_switch_seconds_[arm] = seconds;
}

double Costs::switch_seconds(std::size_t arm) const {
  const auto known = last_switch_seconds_.find(arm);
  return known != last_switch_seconds_.end() ? known->second
                                             : first_switches_.value(guessed_switch_seconds);
}

double Costs::seconds_in(StepKind kind, std::size_t arm) const {
  const bool switches = !loaded(arm);
  const bool counted = budget_.seconds || budget_.joules || !budget_.windows;
  const double served = kind != StepKind::window ? probes_per_switch
                        : counted                ? windows_per_switch
                                                 : uncounted_windows_per_switch;
  return seconds(kind) + (switches ? switch_seconds(arm) / served : 0);
}

double Costs::spent() const {
  double share = 0;
  if (budget_.windows) share = std::max(share, 1.0 * windows_ / std::max(*budget_.windows, 1));
  if (budget_.seconds) share = std::max(share, seconds_ / *budget_.seconds);
  if (budget_.joules) share = std::max(share, joules_ / *budget_.joules);
  return share;
}

double Costs::seconds_left() const {
  double left = std::numeric_limits<double>::infinity();
  if (budget_.seconds) left = *budget_.seconds - seconds_;
  if (budget_.joules && watts_.count) {
    left = std::min(left, (*budget_.joules - joules_) / watts_.value(1));
  }
  return std::max(left, 0.0);
}

std::optional<double> Costs::windows_in_time() const {
  const double left = seconds_left();
  if (left == std::numeric_limits<double>::infinity()) return std::nullopt;
  return left / std::max(seconds(StepKind::window), 1e-9);
}

std::optional<double> Costs::windows_left() const {
  const auto in_time = windows_in_time();
  if (!budget_.windows) return in_time;
  const double counted = std::max(1.0 * (*budget_.windows - windows_), 0.0);
  return in_time ? std::min(*in_time, counted) : counted;
}

std::optional<double> Costs::windows_planned() const {
  const auto left = windows_left();
  return left ? std::optional(*left + windows_) : std::nullopt;
}

bool Costs::affordable(StepKind kind, std::size_t arm) const {
  if (budget_.windows && kind == StepKind::window && windows_ >= *budget_.windows) return false;
  const bool switches = !loaded(arm);
  const double cost = seconds(kind) + (switches ? switch_seconds(arm) : 0);
  constexpr double rounding = 1e-9;
  if (budget_.seconds && known(kind) && seconds_ + cost > *budget_.seconds * (1 + rounding)) {
    return false;
  }
  return !(budget_.joules && joules_ + cost * watts_.value(0) > *budget_.joules * (1 + rounding));
}

}  // namespace autotune
