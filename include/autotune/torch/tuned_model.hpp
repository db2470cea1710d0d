#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "autotune/config.hpp"
#include "autotune/profile.hpp"

namespace c10 {
struct IValue;
}

namespace autotune {

/// A TorchScript model that runs as its profile says.
///
/// The namespace stays `autotune` and not `autotune::torch`, which would hide `::torch`.
class TunedModel {
 public:
  /// Loads the file and applies `config` to it: casts, layout, threads, heap.
  /// @param device `cpu` or `cuda:N`
  /// @throws Error (model) if it cannot be read, (device) if the device is not there
  [[nodiscard]] static TunedModel load(const std::filesystem::path& model, const Config& config,
                                       const std::string& device);

  TunedModel(TunedModel&&) noexcept;
  TunedModel& operator=(TunedModel&&) noexcept;
  ~TunedModel();

  /// Any number of rows: more than the tuned batch are cut into batches and joined again, a
  /// remainder runs as it is, nothing is padded. The batch is dimension 0 of every tensor.
  /// @param arguments as the model's `forward` takes them, tensors on any device
  [[nodiscard]] c10::IValue forward(std::vector<c10::IValue> arguments);

  [[nodiscard]] const Config& config() const noexcept;

 private:
  struct Impl;
  explicit TunedModel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace autotune
