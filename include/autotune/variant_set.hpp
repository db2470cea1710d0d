#pragma once
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "autotune/workload.hpp"

namespace autotune {

/// One precision of a model as a compiled package.
struct Variant {
  Precision precision = Precision::fp32;
  std::filesystem::path file;
  std::string fingerprint;    ///< `model_fingerprint` of the file when it was made.
  double export_seconds = 0;  ///< What making it took.
  double coverage = 1;        ///< Share of the matrix FLOPs that run in the precision.
  std::string how;            ///< How the precision was reached, for people.
};

/// A tensor that the packages take. Dimension 0 is the batch if `batched`.
struct VariantTensor {
  std::string dtype;                ///< `int64`, `float32`.
  std::vector<std::int64_t> shape;  ///< Without the batch.
  bool batched = false;

  friend bool operator==(const VariantTensor&, const VariantTensor&) = default;
};

/// A folder of packages that `python -m autotune export` made (docs/variant_sets.md).
///
/// Packages hold machine code, which runs as soon as one is loaded: read a set only from where the
/// user points. The packages themselves check neither where they run nor the batch size.
struct VariantSet {
  std::filesystem::path folder;
  std::string torch;                   ///< Version that compiled them; no other one loads them.
  std::string platform;                ///< `linux-x86_64`.
  std::string device;                  ///< `cpu` or `cuda`.
  std::set<std::string> cpu_features;  ///< Of the CPU they were compiled on and for.
  int compute_capability = 0;          ///< Of the GPU, 90 on Hopper; 0 on a CPU.
  int first_batch = 1;
  int last_batch = 1;
  std::filesystem::path inputs;  ///< Example inputs, from torch.save: a tuple of the tensors.
  std::vector<VariantTensor> tensors;
  std::optional<std::string> units_from_mask;
  std::vector<Variant> variants;       ///< FP32 among them.
  std::vector<UnsupportedArm> failed;  ///< Precisions that could not be exported, and why.
};

/// Whether a model's path is a folder with a manifest.
[[nodiscard]] bool is_variant_set(const std::filesystem::path& model) noexcept;

/// In a set everything is compiled: a configuration need not say so.
[[nodiscard]] Config in_variant_set(Config config) noexcept;

/// Reads the manifest and looks at every package's archive directory; loads none.
/// @throws Error (model) if the manifest cannot be read or lacks something, or if a package is
///         missing or another one than the manifest's
[[nodiscard]] VariantSet read_variant_set(const std::filesystem::path& folder);

/// Where the packages would run.
struct VariantHost {
  std::string torch;  ///< Version, without what follows a `+`.
  std::string device;
  std::set<std::string> cpu_features;
  int compute_capability = 0;
};

/// @throws Error (model) if the set was made for another LibTorch, platform, instruction set or GPU
void check_host(const VariantSet& set, const VariantHost& host);

}  // namespace autotune
