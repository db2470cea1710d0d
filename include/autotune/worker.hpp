#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autotune/workload.hpp"

namespace autotune {

/// Version of the messages between tuner and worker (docs/worker_protocol.md).
inline constexpr int worker_protocol_version = 1;

/// What the worker is to load. The worker makes the device `cpu` or `cuda:N`.
struct WorkloadOptions {
  std::filesystem::path model;
  std::optional<std::filesystem::path> inputs;  ///< From torch.save; or `input_specs`.
  std::vector<std::string> input_specs;         ///< `int64[batch,128]:0..30521`, one per argument.
  std::string name;                             ///< Empty: the model file's stem.
  std::string unit;                             ///< Empty: `item`, or `token` with a mask.
  double units_per_item = 1;
  std::optional<std::string> units_from_mask;  ///< Argument whose sum counts units: `1`, `2.0`.
  std::vector<std::string> batch_dims;         ///< `ARG:DIM` or `ARG:none`.
  int first_batch = 1;  ///< The batches that are to be tried, so that the model is tried at them.
  int last_batch = 0;   ///< 0: not known.
  std::string device = "cpu";
  std::uint64_t seed = 0;    ///< Of generated inputs.
  bool hot_inputs = false;   ///< Every iteration takes the first rows instead of the next ones.
  bool copy_inputs = false;  ///< Iterations hold the copy to the device and the casts of inputs.
  int pipeline = 1;          ///< Batches that are on the device at once, as in a throughput job.
  /// Arms may stay loaded while others run, up to so many bytes. Absent: `Session` gives a quarter
  /// of the device's memory.
  std::optional<std::uint64_t> resident_bytes;

  friend bool operator==(const WorkloadOptions&, const WorkloadOptions&) = default;
};

struct WorkerOptions {
  WorkloadOptions workload;
  std::optional<std::filesystem::path> executable;  ///< Else AUTOTUNE_WORKER, else installed.
  /// Another program that speaks the protocol, with its arguments, in place of our worker; one
  /// without a slash is looked for on PATH.
  std::vector<std::string> command;
  double start_seconds = 300;  ///< For start and `describe`, loading the model included.
  /// For making an arm ready: casts, packing, and on a GPU the compilation of kernels.
  double prepare_seconds = 600;
  /// What an arm's first run may take beyond what it asks for: kernels are compiled, loaded and
  /// chosen in it.
  double first_run_seconds = 300;
  double reply_seconds = 60;  ///< The same for other runs.
  /// What a run may take beyond what it asks for is less once the arm has run and shown
  /// how long an iteration takes: 20 times that, but no less than this.
  double least_reply_seconds = 10;
  /// Of the process's own data: beyond it allocations fail, before the machine runs out. 0: none.
  std::uint64_t memory_limit_bytes = 0;
};

/// The workload of a child process. A child that dies or hangs gives a trial status and is started
/// again at the next call; its last words are in the reason.
/// @throws Error (worker) if the executable is missing, of another version or dies at its start
[[nodiscard]] std::unique_ptr<Workload> start_worker(const WorkerOptions& options);

/// Where the worker is: `executable` if given, else `AUTOTUNE_WORKER`, else beside this program
/// (`../libexec/autotune-worker`) and where it was installed.
/// @throws Error (worker) naming every place that was looked at
[[nodiscard]] std::filesystem::path find_worker(
    const std::optional<std::filesystem::path>& executable);

/// What a workload is called unless the user names it: the stem of the model's file, or the whole
/// name of its folder, in which a dot belongs to a version.
[[nodiscard]] std::string default_name(const std::filesystem::path& model);

/// Fingerprint of a model file: `zip:` and a hash over its archive's entry names, sizes and
/// CRC-32s; the archive's directory is read, not the weights. Of a variant set's folder: `set:` and
/// a hash of its manifest, which tells its packages.
/// @throws Error (model) if the file is missing, empty, or no zip archive, or the folder no set
[[nodiscard]] std::string model_fingerprint(const std::filesystem::path& model);

}  // namespace autotune
