#pragma once
#include <filesystem>
#include <string>

#include "autotune/worker.hpp"
#include "torch/torch_workload.hpp"

namespace autotune {

inline std::filesystem::path test_file(const std::string& name) {
  return std::filesystem::path(TORCH_TEST_MODELS) / name;
}

/// What a user gives for a model and a file of inputs that make_models.py made.
inline WorkloadOptions options_for(const std::string& model, const std::string& inputs) {
  return {.model = test_file(model + ".pt"), .inputs = test_file(inputs + ".inputs")};
}

/// Takes half-size types although this CPU may only emulate them.
inline Target any_type_target() {
  Target target = target_of(c10::Device(c10::kCPU));
  target.allow_emulation = true;
  return target;
}

inline TorchWorkload workload_for(const std::string& model, const std::string& inputs) {
  return TorchWorkload(options_for(model, inputs), any_type_target());
}

}  // namespace autotune
