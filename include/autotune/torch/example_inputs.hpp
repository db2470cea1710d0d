#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "autotune/torch/export.hpp"

namespace c10 {
struct IValue;
}

namespace autotune {

class Workload;
struct LiveModel;
struct WorkloadOptions;

/// Rows of example inputs for a TorchScript model, from a file or made up.
class AUTOTUNE_TORCH_API ExampleInputs {
 public:
  /// The tensor, or the nested tuple, list or dict of tensors that torch.save wrote: one argument
  /// of `forward` per element. Dimension 0 is the batch.
  /// @throws Error (inputs) if the file cannot be read or its tensors do not fit each other
  [[nodiscard]] static ExampleInputs read(const std::filesystem::path& file);

  /// Values at hand, one per argument of `forward`.
  /// @param batch_dims where the batch is not dimension 0: `ARG:DIM` or `ARG:none`, ARG a path such
  ///        as `1` or `2.0`
  /// @throws Error (inputs) if there is no tensor, no row, or row counts differ
  [[nodiscard]] static ExampleInputs from_values(std::vector<c10::IValue> arguments,
                                                 const std::vector<std::string>& batch_dims = {});

  /// Seeded values of the shapes, types and ranges that `signature` (a profile's
  /// `workload.inputs`) tells.
  /// @throws Error (usage) if it does not parse
  [[nodiscard]] static ExampleInputs from_signature(const std::string& signature,
                                                    std::uint64_t seed = 0);

  ExampleInputs(ExampleInputs&&) noexcept;
  ExampleInputs& operator=(ExampleInputs&&) noexcept;
  ~ExampleInputs();

  [[nodiscard]] int rows() const noexcept;

  /// Arguments of `forward` with `count` rows from `first` on, cyclically.
  [[nodiscard]] std::vector<c10::IValue> batch(std::int64_t first, int count) const;

 private:
  friend std::unique_ptr<Workload> make_live_workload(LiveModel model, const ExampleInputs& inputs,
                                                      WorkloadOptions options);
  struct Impl;
  explicit ExampleInputs(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace autotune
