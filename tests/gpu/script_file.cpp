#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <fmt/format.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>
#include <unistd.h>

#include "gpu/gpu_test.hpp"
#include "torch/models/model_probe.hpp"

namespace autotune {

ScriptFile::ScriptFile(const std::string& body) {
  static int made = 0;
  path_ = std::filesystem::temp_directory_path() /
          fmt::format("autotune_gpu_{}_{}.pt", ::getpid(), ++made);
  seed_generators(1);
  torch::jit::Module module("model");
  // Scaled so that outputs stay near one: FP16 must not overflow.
  module.register_parameter("weight", at::randn({1024, 1024}).mul_(1.0 / 32), false);
  module.register_parameter("kernel", at::randn({64, 16, 3, 3}).mul_(1.0 / 12), false);
  module.define("def forward(self, x):\n  " + body + "\n");
  module.save(path_.string());
}

ScriptFile::~ScriptFile() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

WorkloadOptions ScriptFile::options(const std::string& spec) const {
  return {.model = path_, .input_specs = {spec}, .device = "cuda:0"};
}

at::Tensor ScriptFile::in_fp64(const at::Tensor& x) const {
  torch::jit::Module module = torch::jit::load(path_.string(), c10::Device(c10::kCPU));
  module.to(at::kDouble);
  return module.forward({x.to(at::kCPU, at::kDouble)}).toTensor();
}

double relative_l2(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor one = a.to(at::kCPU, at::kDouble), other = b.to(at::kCPU, at::kDouble);
  return ((one - other).norm() / other.norm()).item<double>();
}

std::vector<std::string> names_of(const std::vector<Arm>& arms) {
  std::vector<std::string> names;
  for (const Arm& arm : arms) {
    names.push_back(fmt::format("{} {}", to_string(arm.precision), to_string(arm.layout)));
  }
  return names;
}

}  // namespace autotune
