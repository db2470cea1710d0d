#pragma once
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "autotune/profile.hpp"

namespace autotune {

inline Trial measured(const char* config, double joules_per_unit, double p99_ms,
                      std::uint64_t memory_bytes = 1'000'000) {
  return {
      .config = parse_config(config),
      .measurement = Measurement{.joules_per_unit = joules_per_unit,
                                 .ci95 = Interval{joules_per_unit * 0.98, joules_per_unit * 1.02},
                                 .latency_p50_ms = p99_ms * 0.9,
                                 .latency_p99_ms = p99_ms,
                                 .units_per_second = 10 / joules_per_unit,
                                 .peak_memory_bytes = memory_bytes,
                                 .windows = {joules_per_unit, joules_per_unit}},
      .accuracy = Accuracy{.worst_cosine = 0.9999, .relative_l2 = 0.005, .rows = 16}};
}

inline HardwareKey example_key() {
  return {.identity = {{"cpu_model", "AMD EPYC"}, {"cores", "2"}},
          .conditions = {{"libtorch", "2.11.0"}, {"autotune", "0.1.0"}},
          .record = {{"host", "here"}}};
}

/// The best is batch 28; batch 8 is faster, fp32 batch 1 the fastest, int8 outside the limits.
inline Profile example_profile() {
  Profile profile;
  profile.workload = {"minilm", "token", "int64[batch,32]", "zip:0011223344556677"};
  profile.rows = 16;
  profile.units_per_row = 12.5;
  profile.key = example_key();
  profile.device_name = "AMD EPYC";
  profile.meter = {.source = EnergySource::modelled, .note = "65 W"};
  profile.best = measured("batch=28,precision=bf16", 0.5, 30, 3'000'000);
  Trial inaccurate = measured("batch=30,precision=int8", 0.1, 5);
  inaccurate.status = TrialStatus::inaccurate;
  inaccurate.accuracy->worst_cosine = 0.99;
  profile.lossy_best = inaccurate;
  profile.trials = {measured("batch=1", 3.0, 7), measured("batch=8,precision=bf16", 0.8, 10),
                    profile.best, inaccurate};
  profile.trials.push_back({.config = parse_config("batch=128"),
                            .status = TrialStatus::out_of_memory,
                            .reason = "bad_alloc"});
  profile.baselines = {{.name = "fp32_batch_1",
                        .trial = profile.trials[0],
                        .saving = 0.83,
                        .saving_ci95 = Interval{0.8, 0.85}}};
  profile.created = "2026-01-02T03:04:05Z";
  return profile;
}

/// A folder of its own that goes away with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "autotune-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace autotune
