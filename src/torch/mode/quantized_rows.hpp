#pragma once
#include <ATen/core/Tensor.h>

#include <memory>

namespace autotune {

/// Rows of unsigned bytes round `input_zero_point`, and what one step of each row is worth.
struct QuantizedRows {
  at::Tensor values;  ///< [M, K]
  at::Tensor scales;  ///< [M]
};

inline constexpr std::int64_t input_zero_point = 128;  // VNNI multiplies unsigned by signed.

/// @param rows [M, K], contiguous floats: the elements of `input`
/// @param input where this thread shares (below), rows of the same one are quantised once
[[nodiscard]] QuantizedRows quantize_rows(const at::Tensor& input, const at::Tensor& rows);

/// Until it is destroyed, this thread quantises a tensor that several weights read one after the
/// other (q, k and v do) once. For models that write to no tensor in place: what would be written
/// to after its first reader is not seen to have changed.
[[nodiscard]] std::shared_ptr<void> share_quantized_rows();

}  // namespace autotune
