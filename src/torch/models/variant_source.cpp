// A variant set: each precision is a compiled package of its own.
#include <c10/core/DeviceGuard.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>
#include <torch/version.h>

#include <algorithm>
#include <unordered_map>

#include "autotune/error.hpp"
#include "autotune/variant_set.hpp"
#include "autotune/worker.hpp"
#include "platform/archive.hpp"
#include "torch/arms/tf32_switch.hpp"
#include "torch/failure.hpp"
#include "torch/models/model_source.hpp"
#include "torch/scalar_types.hpp"
#include "torch/tree.hpp"

namespace autotune {
namespace {

/// `2.11.0` of `2.11.0+cpu`: wheels of one release differ in what follows the plus.
std::string release(std::string version) { return version.substr(0, version.find('+')); }

std::vector<at::Tensor> flat(const std::vector<c10::IValue>& arguments) {
  std::vector<at::Tensor> tensors;
  for (const c10::IValue& argument : arguments) {
    const std::vector<at::Tensor> more = tensors_of(argument);
    tensors.insert(tensors.end(), more.begin(), more.end());
  }
  return tensors;
}

VariantTensor kind_of(const at::Tensor& tensor) {
  const auto sizes = tensor.sizes();
  const bool batched = !sizes.empty();
  return {.dtype = std::string(scalar_type_name(tensor.scalar_type())),
          .shape = {sizes.begin() + (batched ? 1 : 0), sizes.end()},
          .batched = batched};
}

std::string shown(const std::vector<VariantTensor>& tensors) {
  std::string text;
  for (const VariantTensor& tensor : tensors) {
    text += fmt::format("{}{}[{}", text.empty() ? "" : ", ", tensor.dtype,
                        tensor.batched ? "batch" : "");
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      text += fmt::format("{}{}", i > 0 || tensor.batched ? "," : "", tensor.shape[i]);
    }
    text += "]";
  }
  return text;
}

/// Matrix products, convolutions and recurrent layers of a package are LibTorch's own and read the
/// process's TF32 switch when they run: the FP32 package with the switch on is the TF32 arm.
Precision precision_of_package(Precision precision) {
  return precision == Precision::tf32 ? Precision::fp32 : precision;
}

/// A package checks neither its inputs nor the batch it was compiled for: that is done here.
class PackageArm final : public LoadedArm {
 public:
  PackageArm(const VariantSet& set, const Variant& variant, Precision precision, c10::Device device)
      : tensors_(set.tensors),
        first_batch_(set.first_batch),
        last_batch_(set.last_batch),
        coverage_(variant.coverage),
        device_(device),
        tf32_(package_tf32(precision, device)),
        package_(variant.file.string(), "model", false, 1,
                 device.is_cuda() ? device.index() : c10::DeviceIndex(-1)) {}

  [[nodiscard]] at::Tensor input(const at::Tensor& tensor) const override {
    return tensor.to(device_).contiguous();
  }

  [[nodiscard]] Entered enter() const override {
    Entered entered;
    if (device_.is_cuda()) entered.add(std::make_shared<c10::DeviceGuard>(device_));
    entered.add(std::make_shared<c10::InferenceMode>());
    if (tf32_) entered.add(tf32_());
    return entered;
  }

  [[nodiscard]] c10::IValue forward(std::vector<c10::IValue> arguments) override {
    std::vector<at::Tensor> tensors = flat(arguments);
    check(tensors);
    std::vector<c10::IValue> outputs;
    for (at::Tensor& output : package_.boxed_run(std::move(tensors))) {
      outputs.emplace_back(std::move(output));
    }
    return outputs.size() == 1 ? outputs.front() : c10::ivalue::Tuple::create(std::move(outputs));
  }

  [[nodiscard]] double coverage() const override { return coverage_; }

 private:
  void check(const std::vector<at::Tensor>& tensors) const {
    std::vector<VariantTensor> given;
    std::optional<std::int64_t> rows;
    for (const at::Tensor& tensor : tensors) {
      given.push_back(kind_of(tensor));
      if (!given.back().batched) continue;
      if (rows && *rows != tensor.size(0)) {
        throw Error(ErrorCode::inputs,
                    fmt::format("inputs of {} and {} rows: a package takes one number of rows.",
                                *rows, tensor.size(0)));
      }
      rows = tensor.size(0);
    }
    if (given != tensors_) {
      throw Error(ErrorCode::inputs,
                  fmt::format("the variant set was made for {}; the inputs are {}. Give such "
                              "inputs, or export the model with these.",
                              shown(tensors_), shown(given)));
    }
    if (rows && (*rows < first_batch_ || *rows > last_batch_)) {
      throw Error(
          ErrorCode::inputs,
          fmt::format("a batch of {} rows: the variant set was made for {} to {}. Export "
                      "it with --batch {}:{}.",
                      *rows, first_batch_, last_batch_, std::min<std::int64_t>(*rows, first_batch_),
                      std::max<std::int64_t>(*rows, last_batch_)));
    }
  }

  std::vector<VariantTensor> tensors_;
  std::int64_t first_batch_;
  std::int64_t last_batch_;
  double coverage_;
  c10::Device device_;
  Scope tf32_;
  torch::inductor::AOTIModelPackageLoader package_;
};

/// @throws Error (model) if the package was made for something else than its manifest says
void check_told(const Variant& variant, const std::unordered_map<std::string, std::string>& told,
                const std::string& field, const std::string& manifest) {
  const auto found = told.find(field);
  const std::string package = found == told.end() ? "not told" : found->second;
  if (package != manifest) {
    throw Error(ErrorCode::model,
                fmt::format("the package {} was made with {} {}; its manifest says {}. Nothing of "
                            "it was run. Make the set again with: python -m autotune export MODEL "
                            "--out DIR",
                            variant.file.string(), field, package, manifest));
  }
}

/// Reads what the package says of itself, and whether it is whole: a changed byte would run as
/// code.
void check_package(const VariantSet& set, const Variant& variant) {
  if (const std::string entry = damaged_entry(variant.file); !entry.empty()) {
    throw Error(
        ErrorCode::model,
        fmt::format("the package {} is damaged: its entry {} does not have the content that "
                    "it was written with. Nothing of it was run. Make the set again with: "
                    "python -m autotune export MODEL --out DIR",
                    variant.file.string(), entry));
  }
  const auto told = torch::inductor::AOTIModelPackageLoader::load_metadata_from_package(
      variant.file.string(), "model");
  check_told(variant, told, "autotune_precision", std::string(to_string(variant.precision)));
  check_told(variant, told, "autotune_batch",
             fmt::format("{}:{}", set.first_batch, set.last_batch));
}

constexpr const char* other_layout = "a variant set has packages only, whose layout is `compiled`";

class VariantSource final : public ModelSource {
 public:
  VariantSource(VariantSet set, Target target) : set_(std::move(set)), target_(std::move(target)) {}

  [[nodiscard]] std::string fingerprint() const override { return model_fingerprint(set_.folder); }
  [[nodiscard]] const c10::FunctionSchema* schema() const override { return nullptr; }
  [[nodiscard]] std::optional<std::filesystem::path> inputs() const override { return set_.inputs; }
  [[nodiscard]] std::optional<std::string> units_from_mask() const override {
    return set_.units_from_mask;
  }

  [[nodiscard]] ModelProbe probe(const Inputs& inputs, std::uint64_t seed,
                                 BatchRange range) const override {
    for (const Variant& variant : set_.variants) check_package(set_, variant);
    range.least = set_.first_batch;
    range.first = std::clamp(range.first, set_.first_batch, set_.last_batch);
    range.last = range.last == 0 ? set_.last_batch : std::min(range.last, set_.last_batch);
    const auto fresh = [this] { return load(reference(), {}, false); };
    ModelProbe probe = probe_model(fresh, inputs, seed, range);
    probe.min_batch = std::max(probe.min_batch, set_.first_batch);
    probe.max_batch =
        probe.max_batch == 0 ? set_.last_batch : std::min(probe.max_batch, set_.last_batch);
    return probe;
  }

  void add_arms(Description& description) const override {
    for (const Precision precision : all_precisions()) {
      const Arm arm{.precision = precision, .layout = Layout::compiled};
      const std::string reason = obstacle(arm);
      if (reason.empty()) {
        description.arms.push_back(arm);
      } else {
        description.unsupported.push_back({precision, Layout::compiled, reason});
      }
    }
    for (const Layout layout : all_layouts()) {
      if (layout == Layout::compiled) continue;
      for (const Precision precision : all_precisions()) {
        description.unsupported.push_back({precision, layout, other_layout});
      }
    }
  }

  [[nodiscard]] Arm reference() const override {
    return {.precision = Precision::fp32, .layout = Layout::compiled};
  }

  [[nodiscard]] std::string obstacle(const Arm& arm) const override {
    if (arm.layout != Layout::compiled) return other_layout;
    if (arm.execution.cuda_graph) return "packages are not run from a CUDA graph";
    if (arm.precision == Precision::tf32) {
      if (const std::string reason = tf32_method().obstacle(target_); !reason.empty())
        return reason;
    }
    if (find(arm.precision) != nullptr) return "";
    const auto failed = std::ranges::find(set_.failed, arm.precision, &UnsupportedArm::precision);
    return failed != set_.failed.end() ? failed->reason
                                       : "the variant set has no package of this precision";
  }

  [[nodiscard]] std::optional<double> export_seconds(const Arm& arm) const override {
    const Variant* const variant = find(arm.precision);
    return variant == nullptr ? std::nullopt : std::optional(variant->export_seconds);
  }

  [[nodiscard]] std::unique_ptr<LoadedArm> load(const Arm& arm, const std::vector<c10::IValue>&,
                                                bool) const override {
    if (const std::string reason = obstacle(arm); !reason.empty()) throw Unreachable(reason);
    const Variant& variant = *find(arm.precision);
    check_package(set_, variant);
    return std::make_unique<PackageArm>(set_, variant, arm.precision, target_.device);
  }

 private:
  [[nodiscard]] const Variant* find(Precision precision) const {
    const auto found =
        std::ranges::find(set_.variants, precision_of_package(precision), &Variant::precision);
    return found == set_.variants.end() ? nullptr : &*found;
  }

  VariantSet set_;
  Target target_;
};

}  // namespace

std::unique_ptr<ModelSource> open_variants(const std::filesystem::path& folder,
                                           const Target& target) {
  VariantSet set = read_variant_set(folder);
  check_host(set, {.torch = release(TORCH_VERSION),
                   .device = target.device.is_cuda() ? "cuda" : "cpu",
                   .cpu_features = target.cpu_features,
                   .compute_capability = target.compute_capability});
  return std::make_unique<VariantSource>(std::move(set), target);
}

}  // namespace autotune
