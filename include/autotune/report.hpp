#pragma once
#include <optional>
#include <string>
#include <vector>

#include "autotune/conformance.hpp"
#include "autotune/profile.hpp"
#include "autotune/tuner.hpp"
#include "autotune/watch.hpp"

namespace autotune {

/// The table a person reads after a tune; ends with a line feed.
[[nodiscard]] std::string table(const TuneResult& result, const std::string& profile_path);

/// One measured configuration, as lines.
[[nodiscard]] std::string table(const Trial& trial, const Description& workload,
                                const MeterInfo& meter);

/// A stored profile.
[[nodiscard]] std::string table(const Profile& profile);

/// What `doctor` found out.
struct Checkup {
  Device device;
  std::string choice = "auto";  ///< As --meter names it.
  std::vector<SurveyedMeter> meters;
  std::optional<MeterInfo> chosen;  ///< What `choice` takes; nothing if it does not work.
  WatchSurvey watch;
  std::optional<std::vector<MeterFacts>> self_tests;  ///< Where there was a model to run.
};

/// The meters, what `choice` takes and what the watch sees, without the self-tests.
[[nodiscard]] std::string table(const Checkup& checkup);

/// A self-test fact by fact, in words.
[[nodiscard]] std::string explanation(const MeterFacts& facts);

/// What a worker keeps of the protocol and what not.
[[nodiscard]] std::string table(const std::vector<ConformanceCheck>& checks);
[[nodiscard]] std::string to_json(const std::vector<ConformanceCheck>& checks);

/// The object that `doctor --json` prints.
[[nodiscard]] std::string to_json(const Checkup& checkup);

/// The object that `tune --json` prints (docs/json.md).
[[nodiscard]] std::string to_json(const TuneResult& result, const std::string& profile_path);

/// A line of the file of `tune --events`.
[[nodiscard]] std::string event_line(const TuneEvent& event);

/// The object that `measure --json` prints.
[[nodiscard]] std::string to_json(const Trial& trial, const Device& device, const MeterInfo& meter);

/// The array that `devices --json` prints.
[[nodiscard]] std::string to_json(const std::vector<Device>& devices);

}  // namespace autotune
