#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "autotune/clock.hpp"
#include "autotune/trial.hpp"

namespace autotune {

/// Which model with which kind of inputs: a profile is found by it.
struct WorkloadId {
  std::string name;         ///< Chosen by the user; by default the model file's stem.
  std::string unit;         ///< The unit of work: token, item, image, second of audio.
  std::string inputs;       ///< Signature, e.g. `int64[batch,32],int64[batch,32]`.
  std::string fingerprint;  ///< Of the model archive's entry names, sizes and CRC-32s.

  friend bool operator==(const WorkloadId&, const WorkloadId&) = default;
};

/// A precision and layout that this device or model cannot run, and why.
struct UnsupportedArm {
  Precision precision = Precision::fp32;
  Layout layout = Layout::plain;
  std::string reason;

  friend bool operator==(const UnsupportedArm&, const UnsupportedArm&) = default;
};

/// What a workload says of itself before anything is measured.
struct Description {
  WorkloadId id;
  int rows = 0;              ///< Rows of the example inputs; iterations take them cyclically.
  double units_per_row = 1;  ///< Mean over the rows.
  int min_batch = 1;         ///< The smallest batch the model is known to take.
  int max_batch = 0;         ///< The largest batch the model takes; 0 if it sets no limit.
  std::vector<Arm> arms;     ///< What can be prepared, FP32 plain among them.
  std::vector<UnsupportedArm> unsupported;
  std::vector<std::string> warnings;              ///< E.g. that the model keeps state.
  std::map<std::string, std::string> conditions;  ///< Versions and settings, for the HardwareKey.
  std::string pci_address;                        ///< Of the CUDA device; empty on a CPU.

  friend bool operator==(const Description&, const Description&) = default;
};

struct PrepareRequest {
  Arm arm;
  int accuracy_batch = 0;  ///< Rows per iteration of the accuracy pass; 0: the workload chooses.
  bool check_accuracy = true;  ///< False where this arm's accuracy is known already.
};

struct Prepared {
  TrialStatus status = TrialStatus::ok;  ///< Not `inaccurate`: the limits are the tuner's.
  std::string reason;
  SetUpCost set_up;  ///< Without the accuracy pass.
  Accuracy accuracy;

  friend bool operator==(const Prepared&, const Prepared&) = default;
};

/// A span of iterations, one after the other, without a gap.
struct RunRequest {
  int batch = 1;
  std::int64_t first_row = 0;  ///< Row of the inputs (modulo their number) the first one takes.
  double seconds = 0;          ///< Start no iteration after this long.
  int min_iterations = 1;      ///< But run at least so many.
  int max_iterations = 0;      ///< Stop after so many, even before `seconds`; 0: no limit.
  bool fresh_memory = false;   ///< First bring the allocators to their state after start-up.
};

struct RunResult {
  TrialStatus status = TrialStatus::ok;
  std::string reason;
  Timestamp start{};                   ///< When the first iteration began.
  std::vector<Timestamp> completions;  ///< When each iteration's results were there.
  /// When each iteration was given to the device; empty: when the one before it was done.
  std::vector<Timestamp> begins;
  std::vector<double> units;              ///< Units of work of each iteration.
  std::uint64_t peak_memory_bytes = 0;    ///< Since the last run with `fresh_memory`.
  std::uint64_t memory_growth_bytes = 0;  ///< Newly taken from the system or device in this run.
  /// How long the model's threads, ready to run, waited for a CPU in this run, summed; absent where
  /// that is not known. Much of it means that something else used the machine.
  std::optional<double> waited_seconds;
  /// Pages that the kernel had to provide in this run; absent where that is not known. On a CPU a
  /// configuration whose memory does not stay in the process pays for them in every iteration.
  std::optional<std::uint64_t> page_faults;

  friend bool operator==(const RunResult&, const RunResult&) = default;
};

/// What is tuned: a model with representative inputs. Holds at most one prepared arm.
class Workload {
 public:
  virtual ~Workload() = default;

  /// @throws Error if the model or the inputs cannot be used at all
  [[nodiscard]] virtual Description describe() = 0;

  /// Makes `request.arm` the arm that runs, and compares its outputs with true FP32.
  [[nodiscard]] virtual Prepared prepare(const PrepareRequest& request) = 0;

  /// Runs iterations of the prepared arm.
  [[nodiscard]] virtual RunResult run(const RunRequest& request) = 0;
};

}  // namespace autotune
