#include "torch/inputs/laid_out.hpp"

#include <ATen/core/Tensor.h>

#include <numeric>

#include "torch/tree.hpp"

namespace autotune {
namespace {

// What the allocators of LibTorch give on a CPU; a GPU's give more. Kernels are compiled and chosen
// for aligned addresses.
constexpr std::uintptr_t alignment = 64;

// Of which each takes some hundred bytes beside its rows.
constexpr int most_batches = 4096;

bool is_aligned(const at::Tensor& tensor) {
  return tensor.numel() == 0 ||
         reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr()) % alignment == 0;
}

/// The rows as they are, where no batch reaches beyond the last one.
Inputs rolled(const Inputs& inputs, int batch) {
  const int rows = inputs.rows();
  return rows % batch == 0 ? inputs : inputs.cyclic(rows + std::int64_t{batch} - 1);
}

}  // namespace

LaidOut::LaidOut(const Inputs& inputs, int batch, std::int64_t first_row, std::uint64_t most_bytes)
    : rows_(inputs.rows()),
      batch_(batch),
      step_(std::gcd(rows_, batch)),
      offset_(first_row % step_),
      rolled_(offset_ == 0 ? rolled(inputs, batch)
                           : inputs.cyclic(rows_ + std::int64_t{batch} - 1)) {
  bytes_ = rolled_.bytes_beyond(inputs);
  storages_ = rolled_.storages();
  std::int64_t row = offset_;
  for (int i = 0; i < most_batches && row < rows_ && bytes_ < most_bytes; ++i, row += step_) {
    batches_.emplace(row, aligned(row));
  }
  for (const c10::IValue& argument : at(offset_)) {
    for (const at::Tensor& tensor : tensors_of(argument)) batch_bytes_ += tensor.nbytes();
  }
}

std::vector<c10::IValue> LaidOut::aligned(std::int64_t row) {
  std::vector<c10::IValue> arguments = rolled_.batch(row, batch_);
  for (c10::IValue& argument : arguments) {
    argument = map_tensors(argument, [this](const at::Tensor& tensor) {
      const bool is_view = storages_.contains(tensor.storage().unsafeGetStorageImpl());
      if (is_view && is_aligned(tensor)) return tensor;
      bytes_ += tensor.nbytes();
      return is_view ? tensor.clone() : tensor;
    });
  }
  return arguments;
}

bool LaidOut::serves(int batch, std::int64_t row) const {
  return batch == batch_ && row % step_ == offset_;
}

std::vector<c10::IValue> LaidOut::at(std::int64_t row) const {
  const auto known = batches_.find(row % rows_);
  return known == batches_.end() ? rolled_.batch(row % rows_, batch_) : known->second;
}

}  // namespace autotune
