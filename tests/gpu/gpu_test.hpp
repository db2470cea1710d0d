#pragma once
#include <gmock/gmock.h>

#include <filesystem>
#include <memory>
#include <string>

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
class ScriptFile {
 public:
  explicit ScriptFile(const std::string& body);
  ~ScriptFile();
  ScriptFile(const ScriptFile&) = delete;
  ScriptFile& operator=(const ScriptFile&) = delete;

  /// Seeded inputs of `spec` on the first GPU.
  [[nodiscard]] WorkloadOptions options(const std::string& spec) const;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// Two matrix products with a 1024 x 1024 weight.
inline constexpr const char* matmul_body = "return torch.relu(x @ self.weight) @ self.weight";
inline constexpr const char* matmul_input = "float32[batch,1024]:normal";

}  // namespace autotune
