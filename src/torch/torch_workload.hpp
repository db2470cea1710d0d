#pragma once
#include <memory>
#include <optional>

#include "autotune/worker.hpp"
#include "autotune/workload.hpp"
#include "torch/accuracy.hpp"
#include "torch/failure.hpp"
#include "torch/inputs/inputs.hpp"
#include "torch/models/model_source.hpp"

namespace autotune {

/// A TorchScript file, a variant set or a live model as a workload. Holds the reference outputs,
/// and at most one arm with its inputs on the device.
class TorchWorkload final : public Workload {
 public:
  TorchWorkload(WorkloadOptions options, Target target);

  /// A model that is at hand, with its inputs.
  /// @throws Error (inputs) if it does not run on them
  TorchWorkload(std::unique_ptr<ModelSource> source, Inputs inputs, WorkloadOptions options,
                Target target);

  Description describe() override;
  Prepared prepare(const PrepareRequest& request) override;
  RunResult run(const RunRequest& request) override;

 private:
  struct Loaded {
    std::unique_ptr<ModelSource> source;
    Inputs inputs;  ///< On the host.
    std::vector<double> units;
    ModelProbe probe;
  };
  struct Chunk {
    int rows = 0;
    std::vector<at::Tensor> outputs;
  };
  struct Reference {
    int batch = 0;  ///< Rows per chunk, the last one may have fewer.
    std::vector<Chunk> chunks;
    [[nodiscard]] int rows() const;
    [[nodiscard]] std::uint64_t bytes() const;
  };
  struct Active {
    std::unique_ptr<LoadedArm> model;
    Inputs inputs;  ///< On the device, as the arm takes them.
    double load_seconds = 0;
  };

  const Loaded& loaded();
  void load(std::unique_ptr<ModelSource> source, Inputs inputs);
  [[nodiscard]] std::optional<std::string> mask_of(const ModelSource& source) const;
  [[nodiscard]] Inputs read_inputs(const ModelSource& source) const;
  [[nodiscard]] Active activate(const Arm& arm);
  [[nodiscard]] int accuracy_batch(const PrepareRequest& request);
  void refer(int batch);
  [[nodiscard]] bool compares_with_itself(const Arm& arm);
  [[nodiscard]] Accuracy judge();
  void start_afresh(const Arm& arm);
  void iterate(const RunRequest& request, RunResult& result);
  [[nodiscard]] std::vector<c10::IValue> arguments_at(std::int64_t row, int batch) const;
  [[nodiscard]] double units_of(std::int64_t first_row, int batch) const;
  [[nodiscard]] Failure drop_arm(const std::exception& error);

  WorkloadOptions options_;
  Target target_;
  std::optional<Loaded> loaded_;
  std::optional<Reference> reference_;
  std::optional<Active> active_;
};

}  // namespace autotune
