#include <ATen/ops/randn.h>
#include <torch/csrc/jit/api/module.h>
#include <unistd.h>

#include "gpu/gpu_test.hpp"
#include "torch/models/model_probe.hpp"

namespace autotune {

ScriptFile::ScriptFile(const std::string& body)
    : path_(std::filesystem::temp_directory_path() /
            ("autotune_gpu_" + std::to_string(::getpid()) + ".pt")) {
  seed_generators(1);
  torch::jit::Module module("model");
  // Scaled so that outputs stay near one: FP16 must not overflow.
  module.register_parameter("weight", at::randn({1024, 1024}).mul_(1.0 / 32), false);
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

}  // namespace autotune
