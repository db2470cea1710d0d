#pragma once
#include <memory>
#include <optional>

#include "autotune/worker.hpp"
#include "autotune/workload.hpp"
#include "torch/accuracy.hpp"
#include "torch/arm_shelf.hpp"
#include "torch/failure.hpp"
#include "torch/inputs/inputs.hpp"
#include "torch/inputs/laid_out.hpp"
#include "torch/models/model_source.hpp"

namespace autotune {

/// A TorchScript file, a variant set or a live model as a workload. Holds the reference outputs,
/// one arm with its inputs on the device, and the arms that stay loaded beside it.
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
  /// How the rows are cut for the accuracy pass.
  struct Chunking {
    int batch = 0;
    bool whole = false;  ///< The last chunk too, with the first rows again.
    friend bool operator==(const Chunking&, const Chunking&) = default;
  };
  struct Reference {
    Chunking chunking;
    std::vector<Chunk> chunks;
    [[nodiscard]] int rows() const;
    [[nodiscard]] std::uint64_t bytes() const;
  };
  struct Active {
    ReadyArm arm;
    std::optional<Inputs> inputs;  ///< On the device, as the arm takes them; none: the host's.
    std::optional<LaidOut> laid_out;
  };

  const Loaded& loaded();
  void load(std::unique_ptr<ModelSource> source, Inputs inputs);
  [[nodiscard]] std::optional<std::string> mask_of(const ModelSource& source) const;
  [[nodiscard]] Inputs read_inputs(const ModelSource& source) const;
  [[nodiscard]] Active activate(const Arm& arm);
  [[nodiscard]] ReadyArm load(const Arm& arm);
  void put_away();
  bool make_room();
  [[nodiscard]] Chunking chunking(int own_batch);
  void refer(int own_batch);
  [[nodiscard]] bool compares_with_itself(const Arm& arm);
  [[nodiscard]] Accuracy judge();
  void start_afresh(const Arm& arm);
  void lay_out(const RunRequest& request);
  [[nodiscard]] RunResult measured(const RunRequest& request);
  [[nodiscard]] std::uint64_t bytes_beside_a_deployment() const;
  void iterate(const RunRequest& request, RunResult& result);
  [[nodiscard]] std::vector<c10::IValue> arguments_at(std::int64_t row) const;
  [[nodiscard]] double units_of(std::int64_t first_row, int batch) const;
  [[nodiscard]] Failure drop_arm(const std::exception& error);

  WorkloadOptions options_;
  Target target_;
  std::optional<Loaded> loaded_;
  std::optional<Reference> reference_;
  ArmShelf shelf_;
  std::optional<Active> active_;
};

}  // namespace autotune
