#include "torch/mode/quantized_rows.hpp"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <c10/core/UndefinedTensorImpl.h>

#include "kernels/quantize.h"
#include "torch/mode/rows_per_task.hpp"

namespace autotune {
namespace {

constexpr int input_levels = 127;

using WeakTensor = c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>;

/// What this thread quantised last. The tensor is not kept alive, but its address is not used again
/// as long as it is remembered here.
struct Last {
  int sharing = 0;  ///< Scopes that are open.
  std::optional<WeakTensor> input;
  QuantizedRows rows;

  void forget() {
    input.reset();
    rows = {};
  }
};

Last& last() {
  thread_local Last remembered;
  return remembered;
}

class Sharing {
 public:
  Sharing() {
    last().forget();
    ++last().sharing;
  }
  ~Sharing() {
    --last().sharing;
    last().forget();
  }
  Sharing(const Sharing&) = delete;
  Sharing& operator=(const Sharing&) = delete;
};

QuantizedRows quantize(const at::Tensor& rows) {
  const std::int64_t columns = rows.size(1);
  QuantizedRows quantized{at::empty(rows.sizes(), at::kByte),
                          at::empty({rows.size(0)}, at::kFloat)};
  const float* const from = rows.const_data_ptr<float>();
  auto* const to = quantized.values.mutable_data_ptr<std::uint8_t>();
  auto* const scales = quantized.scales.mutable_data_ptr<float>();
  at::parallel_for(0, rows.size(0), rows_per_task(columns),
                   [&](std::int64_t begin, std::int64_t end) {
                     autotune_quantize_rows(from + begin * columns, end - begin, columns,
                                            input_levels, to + begin * columns, scales + begin);
                   });
  return quantized;
}

}  // namespace

QuantizedRows quantize_rows(const at::Tensor& input, const at::Tensor& rows) {
  Last& before = last();
  if (before.sharing == 0) return quantize(rows);
  const bool same = before.input &&
                    before.input->_unsafe_get_target() == input.unsafeGetTensorImpl() &&
                    before.rows.values.sizes() == rows.sizes();
  if (!same) {
    before.forget();  // Frees it before the next one is made.
    before.rows = quantize(rows);
    before.input.emplace(input.getIntrusivePtr());
  }
  return before.rows;
}

std::shared_ptr<void> share_quantized_rows() { return std::make_shared<Sharing>(); }

}  // namespace autotune
