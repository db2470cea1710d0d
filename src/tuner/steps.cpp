#include "tuner/steps.hpp"

#include <fmt/format.h>

#include "autotune/error.hpp"
#include "journal/step_json.hpp"

namespace autotune {
namespace {

/// A result that says why there is none.
template <typename Result>
Result failed(const std::string& reason) {
  Result result;
  result.status = TrialStatus::crashed;
  result.reason = reason;
  return result;
}

template <>
bool failed<bool>(const std::string&) {
  return false;
}

void move_in_time(Window& window, Timestamp shift) { window.middle += shift; }
void move_in_time(const Prepared&, Timestamp) {}
void move_in_time(bool, Timestamp) {}

void describe(TuneEvent& event, const Window& window) {
  event.status = window.status;
  event.reason = window.reason;
  event.flags = window.flags;
  event.joules_per_unit = window.joules_per_unit;
  if (window.status == TrialStatus::ok) event.latency_ms = summarise({window}).latency_p50_ms;
}
void describe(TuneEvent& event, const Prepared& prepared) {
  event.status = prepared.status;
  event.reason = prepared.reason;
}
void describe(TuneEvent& event, bool done) {
  if (!done) event.status = TrialStatus::crashed;
}

}  // namespace

Prepared Steps::check(const Arm& arm, int accuracy_batch) {
  return take<Prepared>({"prepare", {1, arm}, static_cast<double>(accuracy_batch)},
                        [&] { return runner_.check(arm, accuracy_batch); });
}

Window Steps::window(const Config& config) {
  return take<Window>({"window", config, 0}, [&] { return runner_.window(config); });
}

Window Steps::probe(const Config& config, int iterations) {
  const char* const kind = iterations > 0 ? "probe" : "fit";
  return take<Window>({kind, config, static_cast<double>(iterations)},
                      [&] { return runner_.probe(config, iterations); });
}

bool Steps::settle(const Config& config, double seconds) {
  return take<bool>({"settle", config, seconds}, [&] { return runner_.settle(config, seconds); });
}

void Steps::soak(const Config& config, double most_seconds, const SoakLimits& limits) {
  static_cast<void>(take<bool>({"soak", config, most_seconds}, [&] {
    runner_.soak(config, most_seconds, limits);
    return true;
  }));
}

template <typename Result>
Result Steps::take(const Key& key, const std::function<Result()>& work) {
  if (journal_ != nullptr && journal_->next_finished() != nullptr) {
    Result result = take_finished<Result>(key);
    tell(key, result, true);
    return result;
  }
  Result result = take_now(key, work);
  tell(key, result, false);
  return result;
}

// What the workload itself does is a status. An error here means that no workload is to be had any
// more: the tune ends with what it has.
template <typename Result>
Result Steps::take_now(const Key& key, const std::function<Result()>& work) {
  if (!broken_.empty()) return failed<Result>(broken_);
  if (!shift_) shift_ = last_kept_ == Timestamp{} ? Timestamp{} : last_kept_ - clock_.now();
  try {
    Result result = work();
    spend_.note();
    move_in_time(result, *shift_);
    keep(key, Json(result));
    return result;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::worker && error.code() != ErrorCode::model) throw;
    broken_ = error.what();
    spend_.note();
    return failed<Result>(broken_);
  }
}

template <typename Result>
Result Steps::take_finished(const Key& key) {
  const Json& step = *journal_->next_finished();
  try {
    const auto kind = step.at("step").get<std::string>();
    const auto config = step.at("config").get<Config>();
    const auto amount = step.at("amount").get<double>();
    if (kind != key.kind || config != key.config || amount != key.amount) {
      throw Error(ErrorCode::usage,
                  fmt::format("step {} of the journal {} is {} {} ({:g}), this tune asks for {} {} "
                              "({:g}): another version of the library wrote it, or the model "
                              "behaves differently now. Tune without --resume.",
                              resumed_ + 1, journal_->path().string(), kind, to_string(config),
                              amount, key.kind, to_string(key.config), key.amount));
    }
    Result result = step.at("result").get<Result>();
    spend_.restore(step.at("seconds").get<double>(), step.at("joules").get<double>());
    last_kept_ = Timestamp(step.at("clock_ns").get<std::int64_t>());
    ++resumed_;
    journal_->take_finished();
    return result;
  } catch (const Json::exception& error) {
    throw Error(ErrorCode::io,
                fmt::format("step {} of the journal {} cannot be read: {}. Tune without --resume.",
                            resumed_ + 1, journal_->path().string(), error.what()));
  }
}

// A disk that is full must not take the tune down: it goes on, and says that it cannot be resumed.
void Steps::keep(const Key& key, Json result) {
  if (journal_ == nullptr || !journal_failure_.empty()) return;
  try {
    journal_->append({{"step", key.kind},
                      {"config", key.config},
                      {"amount", key.amount},
                      {"result", std::move(result)},
                      {"seconds", spend_.seconds()},
                      {"joules", spend_.joules()},
                      {"clock_ns", (clock_.now() + *shift_).count()}});
  } catch (const Error& error) {
    journal_failure_ = error.what();
  }
}

void Steps::tell_rejected(const Config& config, const Window& window) const {
  tell({"rejected", config, 0}, window, false);
}

template <typename Result>
void Steps::tell(const Key& key, const Result& result, bool resumed) const {
  if (!options_.on_event) return;
  TuneEvent event{.type = key.kind,
                  .phase = phase_,
                  .seconds = spend_.seconds(),
                  .joules = spend_.joules(),
                  .config = key.config,
                  .resumed = resumed};
  describe(event, result);
  options_.on_event(event);
}

}  // namespace autotune
