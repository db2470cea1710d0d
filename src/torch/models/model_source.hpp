#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autotune/workload.hpp"
#include "torch/arms/arm_methods.hpp"
#include "torch/arms/loaded_arm.hpp"
#include "torch/inputs/inputs.hpp"
#include "torch/models/model_probe.hpp"

// What a user may point at as a model: one file each, chosen in model_source.cpp.
namespace autotune {

/// A model in all its arms, none of them loaded.
class ModelSource {
 public:
  virtual ~ModelSource() = default;

  /// What the model's profile is found by.
  [[nodiscard]] virtual std::string fingerprint() const = 0;

  /// Of `forward`; null where the tensors are taken one after the other.
  [[nodiscard]] virtual const c10::FunctionSchema* schema() const = 0;

  /// Inputs the model came with.
  [[nodiscard]] virtual std::optional<std::filesystem::path> inputs() const { return std::nullopt; }
  [[nodiscard]] virtual std::optional<std::string> units_from_mask() const { return std::nullopt; }

  /// Tries FP32 on `inputs`, in batches of `range`.
  /// @throws Error (inputs) if it does not run on them
  [[nodiscard]] virtual ModelProbe probe(const Inputs& inputs, std::uint64_t seed,
                                         BatchRange range) const = 0;

  /// The precisions and layouts that can be tried, and why others cannot.
  virtual void add_arms(Description& description) const = 0;

  /// What making its package took; nothing where arms are made while loading.
  [[nodiscard]] virtual std::optional<double> export_seconds(const Arm&) const {
    return std::nullopt;
  }

  /// The arm that the others' accuracy is judged against: FP32.
  [[nodiscard]] virtual Arm reference() const = 0;

  /// Why the arm cannot run; empty if nothing is known against it.
  [[nodiscard]] virtual std::string obstacle(const Arm& arm) const = 0;

  /// Whether several of its arms can be loaded at once.
  [[nodiscard]] virtual bool arms_are_independent() const { return true; }

  /// Makes the arm ready on the device.
  /// @param example arguments of one iteration, to try routes with, unless empty
  /// @param may_freeze false for a model that keeps state
  /// @throws Unreachable if the model cannot run so
  [[nodiscard]] virtual std::unique_ptr<LoadedArm> load(const Arm& arm,
                                                        const std::vector<c10::IValue>& example,
                                                        bool may_freeze) const = 0;
};

/// A TorchScript file, or the folder of a variant set.
/// @throws Error (model) if it cannot be read, or is not for this machine
[[nodiscard]] std::unique_ptr<ModelSource> open_model(const std::filesystem::path& model,
                                                      const Target& target);

[[nodiscard]] std::unique_ptr<ModelSource> open_script(const std::filesystem::path& file,
                                                       const Target& target);
[[nodiscard]] std::unique_ptr<ModelSource> open_variants(const std::filesystem::path& folder,
                                                         const Target& target);

}  // namespace autotune
