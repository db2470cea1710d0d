#pragma once
#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "autotune/config.hpp"
#include "torch/arms/model_facts.hpp"
#include "torch/mode/preparation.hpp"

// How each precision and each layout is reached: one file each, listed in arms.cpp.
namespace autotune {

/// Where an arm is to run.
struct Target {
  c10::Device device{c10::kCPU};
  int compute_capability = 0;          ///< 90 on Hopper; 0 on a CPU.
  std::set<std::string> cpu_features;  ///< As in Device::features.
  bool allow_emulation = false;        ///< Take types the CPU has no arithmetic for (for tests).
};

/// Enters a setting (a thread's or the process's) and restores it when what it gave is destroyed.
using Scope = std::function<std::shared_ptr<void>()>;

/// A model on its way to an arm.
struct Draft {
  std::vector<ModelTensor> tensors;  ///< Handles: `set_data` on one changes the model.
  const Target& target;
  std::vector<Scope> scopes;                 ///< Entered in this order round a series of forwards.
  Scope call_scope;                          ///< Entered round each of them, if there is one.
  at::ScalarType input_type = at::kFloat;    ///< Floating inputs are cast to it.
  bool channels_last_inputs = false;         ///< 4-D and 5-D inputs get that memory format.
  const Preparation* preparation = nullptr;  ///< Of the weights, once the model has run once.
};

/// One way to reach a precision. Several are tried in order until one runs.
struct Route {
  std::string name;
  std::function<void(Draft&)> apply;
};

struct PrecisionMethod {
  Precision precision = Precision::fp32;
  /// Why the device cannot run it; empty if it can.
  std::string (*obstacle)(const Target&) = nullptr;
  std::vector<Route> (*routes)(const ModelFacts&) = nullptr;
  /// Of weights, for the layout `prepacked`; null if it has none.
  const Preparation* (*preparation)() = nullptr;
  bool needs_preparation = false;  ///< The model's own operations do not have the precision.
};

struct LayoutMethod {
  Layout layout = Layout::plain;
  std::string (*obstacle)(const Target&, const ModelFacts&) = nullptr;
  /// Whether it is a layout of that precision.
  bool (*serves)(const PrecisionMethod&) = nullptr;
  void (*apply)(Draft&, const PrecisionMethod&) = nullptr;
};

/// Every precision and layout there is, in the order in which they are listed to the user.
[[nodiscard]] std::span<const PrecisionMethod> precision_methods();
[[nodiscard]] std::span<const LayoutMethod> layout_methods();

PrecisionMethod fp32_method();
PrecisionMethod tf32_method();
PrecisionMethod fp16_method();
PrecisionMethod bf16_method();
PrecisionMethod int8_method();
LayoutMethod plain_method();
LayoutMethod channels_last_method();
LayoutMethod prepacked_method();

[[nodiscard]] Target target_of(c10::Device device);

}  // namespace autotune
