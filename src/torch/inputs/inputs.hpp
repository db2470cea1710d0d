#pragma once
#include <ATen/core/ivalue.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "torch/inputs/input_spec.hpp"

namespace autotune {

/// What torch.save wrote into `file`.
/// @throws Error (inputs) if it is missing, empty, not such a file, or holds other objects
[[nodiscard]] c10::IValue read_saved_value(const std::filesystem::path& file);

/// The arguments of `forward` in a saved value: the elements of a tuple or list, the entries of a
/// dict by the names in `schema`, else the value itself as the only one; typed as `schema` asks.
/// Without a schema (null) a dict is one argument.
[[nodiscard]] std::vector<c10::IValue> arguments_of(const c10::IValue& value,
                                                    const c10::FunctionSchema* schema);

/// Example arguments of `forward`, row by row.
class Inputs {
 public:
  /// @param batch_dims `ARG:DIM` or `ARG:none`; ARG is a path such as `1` or `2.0`
  /// @throws Error (inputs) if there is no tensor, no row, or row counts differ
  static Inputs from_values(std::vector<c10::IValue> values,
                            const std::vector<std::string>& batch_dims);
  explicit Inputs(Arguments arguments);

  [[nodiscard]] int rows() const noexcept { return rows_; }
  [[nodiscard]] std::string signature() const { return signature_of(arguments_); }

  /// Arguments with rows [first, first + count), cyclically: views where the rows lie together,
  /// otherwise joined, on the inputs' device. That is what a deployment's batcher does per call,
  /// so it belongs into an iteration; copies to the device and casts are done before.
  [[nodiscard]] std::vector<c10::IValue> batch(std::int64_t first, int count) const;

  /// The same rows with every tensor changed, e.g. cast or on another device.
  [[nodiscard]] Inputs changed(const std::function<at::Tensor(const at::Tensor&)>& change) const;

  /// Units of work of each row: the sum of the tensor at `mask` over the row, else the same for
  /// all.
  /// @throws Error (inputs) if there is no such tensor or it has no rows
  [[nodiscard]] std::vector<double> units(const std::optional<std::string>& mask,
                                          double units_per_item) const;

 private:
  Arguments arguments_;
  std::vector<int> dims_;  ///< Batch dimension of each tensor, in the order of a walk.
  int rows_ = 0;
};

}  // namespace autotune
