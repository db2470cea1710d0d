#pragma once
#include <ATen/core/ivalue.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
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
  /// otherwise joined, on the inputs' device.
  [[nodiscard]] std::vector<c10::IValue> batch(std::int64_t first, std::int64_t count) const;

  /// The rows [0, count), cyclically, as inputs of their own.
  [[nodiscard]] Inputs cyclic(std::int64_t count) const;

  void for_each(const std::function<void(const at::Tensor&)>& visit) const;

  [[nodiscard]] std::set<const void*> storages() const;

  /// Of every storage, counted once.
  [[nodiscard]] std::uint64_t bytes() const;
  /// The same, of storages that `others` do not hold.
  [[nodiscard]] std::uint64_t bytes_beyond(const Inputs& others) const;

  /// Rows for trying a model out: several, and as many as no tensor has in another dimension, for
  /// TorchScript's fuser takes sizes that are equal in the trial for the same, and a size of one
  /// for constant.
  /// @param most of them, >= 1
  [[nodiscard]] int trial_rows(int most) const;

  /// The same rows with every tensor changed, e.g. cast or on another device.
  [[nodiscard]] Inputs changed(const std::function<at::Tensor(const at::Tensor&)>& change) const;

  /// Units of work of each row: the sum of the tensor at `mask` over the row, else the same for
  /// all.
  /// @throws Error (inputs) if there is no such tensor or it has no rows
  [[nodiscard]] std::vector<double> units(const std::optional<std::string>& mask,
                                          double units_per_item) const;

 private:
  [[nodiscard]] std::uint64_t bytes_but_for(std::set<const void*> known) const;

  Arguments arguments_;
  std::vector<int> dims_;  ///< Batch dimension of each tensor, in the order of a walk.
  int rows_ = 0;
};

}  // namespace autotune
