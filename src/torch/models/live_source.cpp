#include "torch/models/live_source.hpp"

#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <mutex>
#include <unordered_set>

#include "autotune/error.hpp"
#include "platform/fnv1a.hpp"
#include "torch/arms/arm_frame.hpp"
#include "torch/arms/routes.hpp"
#include "torch/device_runtime.hpp"
#include "torch/scalar_types.hpp"

namespace autotune {
namespace {

/// A tensor of the model as it was given, bit for bit.
struct Original {
  at::Tensor tensor;   ///< The model's own.
  at::Tensor storage;  ///< Its elements, type and strides of then.
  at::Tensor values;   ///< A copy, of a buffer.
};

/// The model as it was given. Every arm holds it, so that it comes back whatever ends first.
class Originals {
 public:
  explicit Originals(const LiveModel& model) {
    std::unordered_set<const void*> known;  // Tied tensors are one.
    const auto keep = [&](const LiveModel::Tensor& entry, bool may_change) {
      if (!entry.tensor.defined() || !known.insert(entry.tensor.unsafeGetTensorImpl()).second) {
        return;
      }
      const at::Tensor storage = entry.tensor.detach();
      originals_.push_back({entry.tensor, storage, may_change ? storage.clone() : at::Tensor()});
    };
    for (const auto& entry : model.parameters) keep(entry, false);
    for (const auto& entry : model.buffers) keep(entry, true);
  }

  /// Brings buffers that runs have changed to the values they were given with, in the type they
  /// have.
  void reset_buffers() const {
    const c10::NoGradGuard no_gradients;
    for (const Original& original : originals_) {
      if (!original.values.defined()) continue;
      at::Tensor tensor = original.tensor;
      const at::Tensor values = original.values.to(tensor.scalar_type());
      if (!tensor.equal(values)) tensor.copy_(values);
    }
  }

  void restore() const {
    const c10::NoGradGuard no_gradients;
    for (const Original& original : originals_) {
      at::Tensor tensor = original.tensor;
      if (!original.values.defined()) {
        tensor.set_data(original.storage);
      } else {
        at::Tensor storage = original.storage;
        storage.copy_(original.values);
        tensor.set_data(storage);
      }
    }
  }

 private:
  std::vector<Original> originals_;
};

/// By its shape: nothing tells which operation reads a tensor. A memory format changes no value,
/// and a model that relies on strides fails in the trial.
bool has_spatial_weights(const at::Tensor& tensor) {
  return tensor.dim() == 4 || tensor.dim() == 5;
}

class LiveArm final : public LoadedArm {
 public:
  LiveArm(std::shared_ptr<const LiveModel> model, std::shared_ptr<const Originals> originals,
          const Arm& arm, const Target& target, const ModelFacts& facts,
          const std::vector<c10::IValue>& example)
      : model_(std::move(model)), originals_(std::move(originals)) {
    routes_ = first_route_that_runs(arm, target, facts, [&](const Route& route) {
      originals_->restore();
      const c10::NoGradGuard no_gradients;
      Draft draft{.tensors = tensors(), .target = target};
      apply(arm, route, draft);
      frame_.emplace(draft);
      frame_->try_out(example, weights(), [this](std::vector<c10::IValue> arguments) {
        (void)call(std::move(arguments));
      });
    });
  }
  ~LiveArm() override { originals_->restore(); }
  LiveArm(const LiveArm&) = delete;
  LiveArm& operator=(const LiveArm&) = delete;

  [[nodiscard]] at::Tensor input(const at::Tensor& tensor) const override {
    return frame_->input(tensor);
  }
  [[nodiscard]] Entered enter() const override { return frame_->enter(); }

  // Its first run starts from the model's own state, wherever other runs have brought it.
  [[nodiscard]] c10::IValue forward(std::vector<c10::IValue> arguments) override {
    std::call_once(begun_, [this] { originals_->reset_buffers(); });
    return call(std::move(arguments));
  }
  [[nodiscard]] double coverage() const override { return frame_->coverage(); }
  [[nodiscard]] std::vector<Uncovered> uncovered() const override { return frame_->uncovered(); }
  [[nodiscard]] std::vector<RouteTrial> routes() const override { return routes_; }

 private:
  c10::IValue call(std::vector<c10::IValue> arguments) {
    const auto call = frame_->enter_call();
    return ArmFrame::widened(model_->forward(std::move(arguments)));
  }

  [[nodiscard]] std::vector<ModelTensor> tensors() const {
    std::vector<ModelTensor> list;
    for (const auto* part : {&model_->parameters, &model_->buffers}) {
      for (const LiveModel::Tensor& entry : *part) {
        if (!entry.tensor.defined()) continue;
        list.push_back({.name = entry.name,
                        .owner = "",
                        .of_convolution = has_spatial_weights(entry.tensor),
                        .tensor = entry.tensor});
      }
    }
    return list;
  }

  [[nodiscard]] std::vector<at::Tensor> weights() const {
    std::vector<at::Tensor> list;
    for (const ModelTensor& entry : tensors()) list.push_back(entry.tensor);
    return list;
  }

  std::shared_ptr<const LiveModel> model_;
  std::shared_ptr<const Originals> originals_;
  std::optional<ArmFrame> frame_;
  std::vector<RouteTrial> routes_;
  std::once_flag begun_;
};

class LiveSource final : public ModelSource {
 public:
  LiveSource(LiveModel model, Target target)
      : target_(std::move(target)),
        model_(std::make_shared<LiveModel>(std::move(model))),
        originals_(std::make_shared<Originals>(*model_)) {
    facts_.may_keep_state = !model_->buffers.empty();
    for (const LiveModel::Tensor& entry : model_->parameters) {
      facts_.has_convolutions |= entry.tensor.defined() && has_spatial_weights(entry.tensor);
    }
  }

  [[nodiscard]] std::string fingerprint() const override {
    Fnv1a hash;
    for (const auto* part : {&model_->parameters, &model_->buffers}) {
      for (const LiveModel::Tensor& entry : *part) {
        if (!entry.tensor.defined()) continue;
        hash.add(fmt::format("{} {} [{}];", entry.name,
                             scalar_type_name(entry.tensor.scalar_type()),
                             fmt::join(entry.tensor.sizes(), ",")));
      }
    }
    return fmt::format("live:{:016x}", hash.value());
  }

  [[nodiscard]] const c10::FunctionSchema* schema() const override { return nullptr; }

  [[nodiscard]] ModelProbe probe(const Inputs& inputs, std::uint64_t seed,
                                 BatchRange range) const override {
    return probe_model([this] { return load(Arm{}, {}, false); }, inputs, seed, range);
  }

  void add_arms(Description& description) const override {
    list_arms(target_, facts_, description);
  }

  [[nodiscard]] Arm reference() const override { return {}; }
  [[nodiscard]] bool arms_are_independent() const override { return false; }

  [[nodiscard]] std::string obstacle(const Arm& arm) const override {
    return obstacle_of(arm, target_, facts_, "models of this process");
  }

  [[nodiscard]] std::unique_ptr<LoadedArm> load(const Arm& arm,
                                                const std::vector<c10::IValue>& example,
                                                bool) const override {
    return std::make_unique<LiveArm>(model_, originals_, arm, target_, facts_, example);
  }

 private:
  Target target_;
  std::shared_ptr<const LiveModel> model_;
  std::shared_ptr<const Originals> originals_;
  ModelFacts facts_;
};

}  // namespace

Target target_of(const LiveModel& model) {
  std::optional<c10::Device> device;
  for (const auto* part : {&model.parameters, &model.buffers}) {
    for (const LiveModel::Tensor& entry : *part) {
      if (!entry.tensor.defined()) continue;
      if (device && *device != entry.tensor.device()) {
        throw Error(
            ErrorCode::model,
            fmt::format("the model {} has tensors on {} and on {} ({}): bring it to one "
                        "device first.",
                        model.name, device->str(), entry.tensor.device().str(), entry.name));
      }
      device = entry.tensor.device();
    }
  }
  if (!device) {
    throw Error(ErrorCode::model,
                fmt::format("the model {} has no parameters and no buffers: there is nothing that "
                            "a precision or a layout could change.",
                            model.name));
  }
  return target_of(*device);
}

std::unique_ptr<ModelSource> open_live(LiveModel model, const Target& target) {
  return std::make_unique<LiveSource>(std::move(model), target);
}

}  // namespace autotune
