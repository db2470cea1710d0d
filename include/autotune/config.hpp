#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace autotune {

/// Arithmetic of the hot path (matrix products and convolutions), not of the storage.
enum class Precision { fp32, tf32, fp16, bf16, int8, fp8 };

/// How weights and activations lie in memory.
enum class Layout { plain, channels_last, prepacked, compiled };

[[nodiscard]] std::span<const Precision> all_precisions() noexcept;
[[nodiscard]] std::string_view to_string(Precision precision) noexcept;
[[nodiscard]] std::optional<Precision> parse_precision(std::string_view text) noexcept;

[[nodiscard]] std::span<const Layout> all_layouts() noexcept;
[[nodiscard]] std::string_view to_string(Layout layout) noexcept;
[[nodiscard]] std::optional<Layout> parse_layout(std::string_view text) noexcept;

/// Knobs of the process that runs the model. What is left out is as the process is.
struct Execution {
  std::optional<int> threads;  ///< Intra-operator CPU threads.
  bool retained_heap = false;  ///< The host heap keeps what it once had (docs/measuring.md#heap).
  bool cuda_graph = false;     ///< Iterations are replayed from a captured CUDA graph.

  friend bool operator==(const Execution&, const Execution&) = default;
};

/// Everything about a configuration that stays while the batch varies.
struct Arm {
  Precision precision = Precision::fp32;
  Layout layout = Layout::plain;
  Execution execution;

  friend bool operator==(const Arm&, const Arm&) = default;
};

/// One choice the tuner can make.
struct Config {
  int batch = 1;  ///< Rows per iteration, >= 1.
  Arm arm;

  friend bool operator==(const Config&, const Config&) = default;
};

/// `precision=bf16,layout=plain[,threads=2][,retained_heap=1][,cuda_graph=1]`.
[[nodiscard]] std::string to_string(const Arm& arm);

/// `batch=8,` and the arm: the CONFIG of the command line, of profiles and of Python.
[[nodiscard]] std::string to_string(const Config& config);

/// Reads CONFIG; what is left out is as the model was loaded (batch 1, fp32, plain).
/// @throws Error (usage) naming the unknown key or value and what is known
[[nodiscard]] Config parse_config(std::string_view text);

}  // namespace autotune
