#pragma once
#include <ATen/core/Tensor.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "autotune/device.hpp"
#include "autotune/torch/workload.hpp"
#include "autotune/worker.hpp"

namespace autotune {

/// Tests on the first NVIDIA GPU; skipped with the reason where there is none.
class GpuTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (nvidia_devices().empty()) {
      GTEST_SKIP() << "no NVIDIA GPU: NVML is not there, or lists none";
    }
    gpu = find_device("cuda:0");
  }

  Device gpu;
};

/// A TorchScript file whose `forward(self, x)` is `body`, made without Python; removed at the end.
/// It has a `weight` of 1024 x 1024 and a `kernel` of 64 x 16 x 3 x 3.
class ScriptFile {
 public:
  explicit ScriptFile(const std::string& body);
  ~ScriptFile();
  ScriptFile(const ScriptFile&) = delete;
  ScriptFile& operator=(const ScriptFile&) = delete;

  /// Seeded inputs of `spec` on the first GPU.
  [[nodiscard]] WorkloadOptions options(const std::string& spec) const;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// The file's own outputs on the CPU in FP64.
  [[nodiscard]] at::Tensor in_fp64(const at::Tensor& x) const;

 private:
  std::filesystem::path path_;
};

/// |a − b| / |b|, in FP64 on the CPU.
[[nodiscard]] double relative_l2(const at::Tensor& a, const at::Tensor& b);

/// Arms on the card, `precision layout`.
[[nodiscard]] std::vector<std::string> names_of(const std::vector<Arm>& arms);

/// Two matrix products with a 1024 x 1024 weight.
inline constexpr const char* matmul_body = "return torch.relu(x @ self.weight) @ self.weight";
inline constexpr const char* matmul_input = "float32[batch,1024]:normal";

inline constexpr const char* convolution_body =
    "return torch.conv2d(x, self.kernel, None, [1, 1], [1, 1])";
inline constexpr const char* convolution_input = "float32[batch,16,32,32]:normal";

}  // namespace autotune
