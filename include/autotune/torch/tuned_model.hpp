#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "autotune/config.hpp"
#include "autotune/look_up.hpp"
#include "autotune/torch/export.hpp"

namespace c10 {
struct IValue;
}

namespace autotune {

struct LiveModel;

/// A model that runs as its profile says.
///
/// The namespace stays `autotune` and not `autotune::torch`, which would hide `::torch`.
class AUTOTUNE_TORCH_API TunedModel {
 public:
  /// Loads the file and applies `config`: threads and heap to this process, at once; casts and
  /// layout to the model, at the first `forward`, whose arguments decide how they are reached.
  /// @param device `cpu` or `cuda:N`
  /// @throws Error (model) if it cannot be read, (device) if the device is not there or cannot run
  ///         the configuration
  [[nodiscard]] static TunedModel load(const std::filesystem::path& model, const Config& config,
                                       const std::string& device);

  /// A model of this process as `config` says (`autotune/torch/live_model.hpp`): its floating
  /// tensors are changed in place at the first `forward`, and given back, bit for bit, when this
  /// ends.
  /// @throws Error (model) if it has no tensors or some on several devices, (device) if its device
  ///         cannot run the configuration
  [[nodiscard]] static TunedModel wrap(LiveModel model, const Config& config);

  /// Loads the file as `look_up` found it, or as it is if nothing was found. What the look-up left
  /// unchecked is compared now that the device is at hand: a difference in conditions is a warning;
  /// a profile of other hardware is not used, and a warning says so.
  /// @throws Error as `load` does
  [[nodiscard]] static TunedModel apply(const std::filesystem::path& model, const LookUp& look_up,
                                        std::vector<std::string>& warnings);

  TunedModel(TunedModel&&) noexcept;
  TunedModel& operator=(TunedModel&&) noexcept;
  ~TunedModel();

  /// Any number of rows: more than the tuned batch are cut into batches, which run in order, and
  /// their outputs joined along dimension 0, a remainder runs as it is, nothing is padded. The
  /// batch is dimension 0 of every tensor; where tensors differ in it, and for outputs that have no
  /// row per input row, the arguments run in one piece. Threads may call it at once, each in the
  /// arm's precision, as far as the model itself may be called so. A model that keeps state sees
  /// the batches one after the other, as it would see calls of the application. Outputs are float
  /// where the arithmetic is narrower, and inference tensors: clone one before it is changed in
  /// place.
  /// @param arguments as the model's `forward` takes them, tensors on any device
  [[nodiscard]] c10::IValue forward(std::vector<c10::IValue> arguments);

  [[nodiscard]] const Config& config() const noexcept;

 private:
  struct Impl;
  explicit TunedModel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace autotune
